from typing import Any

import pytest

from kubewright.cel import Environment, EvaluationError
from kubewright.cel.library.authorizer import AUTHORIZER, Authorizer, Decision, Query

ENVIRONMENT = Environment({"authorizer": AUTHORIZER})


def run(source: str, **values: Any) -> Any:
    return ENVIRONMENT.compile(source).evaluate(values)


@pytest.mark.parametrize(
    "source",
    [
        # strings
        "'héllo'.charAt(1) == 'é' && 'abc'.indexOf('c') == 2",
        "'abca'.lastIndexOf('a') == 3 && 'aXb'.lowerAscii() == 'axb'",
        "'aé'.upperAscii() == 'Aé' && 'a-b-c'.replace('-', '+', 1) == 'a+b-c' && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
        "'abc'.substring(1) == 'bc' && 'abc'.substring(0, 2) == 'ab'",
        "' x '.trim() == 'x' && ['a', 'b'].join('-') == 'a-b'",
        "'%s %d %.2f %x %%'.format(['a', dyn(5), dyn(1.5), dyn(255)]) == 'a 5 1.50 ff %'",
        "'%s'.format([[1, 2]]) == '[1, 2]' && strings.quote('a\"b') == '\"a\\\\\"b\"'",
        # lists and sets
        "[1, 2, 2].isSorted() && ![2, 1].isSorted()",
        "[1, 2].sum() == 3 && [3, 1].min() == 1 && ['a', 'b'].max() == 'b'",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(5) == -1",
        "sets.contains([1, 2, 3], [3, 1]) && sets.equivalent([1, 1, 2], [2, 1]) && !sets.intersects([1], [2])",
        # regular expressions
        "'abc 123'.find('[0-9]+') == '123'",
        "'a1b2'.findAll('[0-9]') == ['1', '2'] && 'a1b2'.findAll('[0-9]', 1) == ['1']",
        # quantities
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('500m').add(1).compareTo(quantity('1.5')) == 0",
        "isQuantity('1k') && !isQuantity('k') && quantity('2').asInteger() == 2 && quantity('-1').sign() == -1",
        # URLs
        "url('https://a.b:80/c?d=e&d=f').getHost() == 'a.b:80' && url('https://a.b:80/c').getPort() == '80'",
        "url('https://[::1]:80/').getHostname() == '::1' && url('/x?d=e').getQuery()['d'] == ['e'] && !isURL('a b')",
        # networks
        "ip('10.0.0.1').family() == 4 && isIP('::1')",
        "!isIP('1.2.3') && !isIP('::ffff:1.2.3.4') && ip('::1').isLoopback()",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').containsIP('10.1.2.3')",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "cidr('10.0.0.0/8').prefixLength() == 8 && ip.isCanonical('::1')",
        "string(ip('::0001')) == '::1' && !ip.isCanonical('::0001')",
        # formats
        "!format.dns1123Label().validate('ok').hasValue() && format.dns1123Label().validate('Not').hasValue()",
        "format.named('uuid').hasValue() && !format.named('odd').hasValue()",
        # semantic versions
        "semver('1.2.3-rc.1').isLessThan(semver('1.2.3')) && semver('v1.2', true).minor() == 2 && !isSemver('1.2')",
        "semver('1.10.0').compareTo(semver('1.9.0')) == 1",
        "jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'",
    ],
)
def test_true_expressions(source: str) -> None:
    assert run(source) is True


@pytest.mark.parametrize(
    "source",
    [
        "'abc'.charAt(9)",
        "'abc'.substring(2, 1)",
        "'%d'.format(['a'])",
        "quantity('x')",
        "quantity('1.5').asInteger()",
        "url('a b')",
        "ip('1.2.3')",
        "cidr('10.0.0.0/99')",
        "semver('1.2')",
        "([] + [1]).filter(i, i > 1).max()",
    ],
)
def test_bad_input_is_an_error(source: str) -> None:
    with pytest.raises(EvaluationError):
        run(source)


def test_access_checks_ask_the_authorizer() -> None:
    asked: list[Query] = []

    def decide(query: Query) -> Decision:
        asked.append(query)
        return Decision(query.verb == "get", "because")

    authorizer = Authorizer(decide)
    source = (
        "authorizer.group('apps').resource('deployments').subresource('scale').namespace('a').name('b').check('get')"
    )
    assert run(f"{source}.allowed()", authorizer=authorizer) is True
    assert asked == [
        Query(verb="get", group="apps", resource="deployments", subresource="scale", namespace="a", name="b")
    ]
    assert run("authorizer.path('/healthz').check('put').reason()", authorizer=authorizer) == "because"
    assert run("authorizer.serviceAccount('a', 'b').path('/x').check('put').allowed()", authorizer=authorizer) is False
    assert asked[-1].service_account == ("a", "b")
