"""English plurals, as controller-gen makes them for kinds whose plural nobody has given.

A kind goes in, the resource's name comes out.  The rules are those of the flect library, which controller-gen uses,
its odd ones included: a kind must get the same name whether Go or Python defines it.
"""

from __future__ import annotations

import re
from typing import Final

_PAIRS: Final = """
    alias:aliases alumna:alumnae alumnus:alumni analysis:analyses antenna:antennas antithesis:antitheses apex:apexes
    appendix:appendices axis:axes bacillus:bacilli bacterium:bacteria basis:bases beau:beaus bureau:bureaus bus:buses
    campus:campuses codex:codices concerto:concertos corpus:corpora crisis:crises curriculum:curriculums datum:data
    diagnosis:diagnoses die:dice dwarf:dwarves ellipsis:ellipses erratum:errata fez:fezzes focus:foci foo:foos foot:feet
    formula:formulas fungus:fungi genus:genera goose:geese graffito:graffiti half:halves halo:halos hoof:hooves
    human:humans hypothesis:hypotheses index:indices larva:larvae libretto:librettos loaf:loaves locus:loci louse:lice
    matrix:matrices minutia:minutiae mouse:mice nebula:nebulae nucleus:nuclei oasis:oases octopus:octopi opus:opera
    ovum:ova ox:oxen parenthesis:parentheses phenomenon:phenomena photo:photos phylum:phyla piano:pianos
    prognosis:prognoses quiz:quizzes radius:radiuses referendum:referendums shoe:shoes stimulus:stimuli stratum:strata
    syllabus:syllabi symposium:symposiums synopsis:synopses tableau:tableaus testis:testes thesis:theses thief:thieves
    tooth:teeth vertebra:vertebrae vita:vitae vortex:vortices wharf:wharves wife:wives wolf:wolves
"""
_IRREGULAR: Final = dict(pair.split(":") for pair in _PAIRS.split())
_UNCHANGED: Final = frozenset((
    "aircraft", "bison", "dear", "deer", "equipment", "fish", "grouse", "information", "jeans", "money", "moose",
    "news", "offspring", "police", "rice", "salmon", "series", "sheep", "shrimp", "species", "swine", "trout", "tuna",
))  # fmt: skip

_SUFFIXES: Final = [
    ("man", "men"), ("tz", "tzes"), ("alias", "aliases"), ("oasis", "oasis"), ("wife", "wives"), ("basis", "basis"),
    ("atum", "ata"), ("adium", "adia"), ("actus", "acti"), ("irus", "iri"), ("iterion", "iteria"), ("dium", "diums"),
    ("ovum", "ova"), ("ize", "izes"), ("dge", "dges"), ("focus", "foci"), ("child", "children"), ("oaf", "oaves"),
    ("randum", "randa"), ("base", "bases"), ("atus", "atuses"), ("ode", "odes"), ("person", "people"),
    ("hello", "hellos"), ("va", "vae"), ("leus", "li"), ("oot", "eet"), ("oose", "eese"), ("box", "boxes"),
    ("ium", "ia"), ("sis", "ses"), ("nna", "nnas"), ("eses", "esis"), ("stis", "stes"), ("ex", "ices"),
    ("ula", "ulae"), ("use", "uses"), ("lf", "lves"), ("rf", "rves"),
    *((f"{letter}fe", f"{letter}ves") for letter in "abcdeghijklmnopqrstuvwxyz"),
    ("hive", "hives"), ("quy", "quies"),
    *((f"{letter}y", f"{letter}ies") for letter in "bcdfghjklmnpqrstvwxz"),
    ("x", "xes"), ("ch", "ches"), ("ss", "sses"), ("sh", "shes"), ("oe", "oes"), ("io", "ios"), ("o", "oes"),
]  # fmt: skip
"""The first one that a word ends with decides; a word that ends like its plural is one already."""


_WORDS: Final = """
    ack acl adsl aes ansi api arp atm bgp bss ccitt chap cidr cir cli cmos cpe cpu crc crt csma dce dec des dhcp dmi dns
    dram dsl dslam dte eha eia eigrp eof ess fcc fcs fddi ftp gbic gepof hdlc html http https iana icmp id idf ids ieee
    ietf imap ip ips isdn isp json jwt lacp lan lapb lapf llc mac mc mdf mib mpls mtu nac nat nbma nic nrz nrzi nvram
    oidc ok osi ospf oui pap pat pc pcm pdu pim pop3 pots ppp pptp ptt pvst ram rarp rcp rfc rip rll rom rstp rtp sdlc
    sfd sfp slarp slip smtp sna snap snmp sof sql sram ssh ssid stp syn tdm tftp tia tofu udp uri url usb utf8 utp uuid
    vc vlan vlsm vpn w3c wan wep wpa www
"""
_ACRONYMS: Final = frozenset(_WORDS.split())

_LAST_WORD: Final = re.compile(r"(?<![A-Z])[A-Z]+[^A-Z]*$")


def pluralize(kind: str) -> str:
    """The name of a kind's resource: ``NetworkPolicy`` -> ``networkpolicies``, ``Redis`` -> ``redis``.

    The plural is that of the last word, told by its capital.
    """
    found = _LAST_WORD.search(kind)
    start = found.start() if found else 0
    return kind[:start].lower() + _plural(kind[start:].lower())


def _plural(noun: str) -> str:
    if noun in _ACRONYMS:
        return f"{noun}es" if noun.endswith("s") else f"{noun}s"
    if noun in _UNCHANGED or noun in _IRREGULAR.values():
        return noun
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    for singular, plural in _SUFFIXES:
        if noun.endswith(singular):
            return noun.removesuffix(singular) + plural
        if noun.endswith(plural):
            return noun
    return noun if noun.endswith("s") else f"{noun}s"
