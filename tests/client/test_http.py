from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubewright.client import Config, ConnectError, HttpTransport, TransportError, TransportTimeout
from kubewright.client.credentials import Anonymous, ClientCertificate, StaticCredentials

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await handler(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.transport.abort()
            running.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)


async def read_request(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    for line in head.lower().split("\r\n"):
        if line.startswith("content-length: "):
            head += (await reader.readexactly(int(line.split()[1]))).decode()
    return head


def answering(*answers: bytes, requests: list[str] | None = None) -> Handler:
    """A handler that gives these answers on each connection, then closes it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                head = await read_request(reader)
                if requests is not None:
                    requests.append(head)
                writer.write(answer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except asyncio.IncompleteReadError:
            pass

    return handle


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def transport(port: int, **settings: float) -> HttpTransport:
    return Config(server=f"http://127.0.0.1:{port}/prefix").transport(**settings)


async def test_a_request_is_sent_below_the_servers_path_and_its_answer_returned() -> None:
    requests: list[str] = []
    async with listening(answering(answer(b"hello", "201 Created"), requests=requests)) as port:
        client = transport(port)
        response = await client.request("POST", "/api?x=1", headers={"accept": "a/b"}, body=b"body")
        await client.close()
    assert (response.status, response.body, response.headers["content-length"]) == (201, b"hello", "5")
    assert requests[0].startswith(f"POST /prefix/api?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")
    assert "accept: a/b" in requests[0]
    assert requests[0].endswith("body")


async def test_connections_are_kept_alive() -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(answer(), answer(), answer())(reader, writer)

    async with listening(handle) as port:
        client = transport(port)
        for _ in range(3):
            await client.request("GET", "/")
        await client.close()
    assert connections == 1


async def test_a_get_on_a_connection_that_the_server_has_just_closed_is_sent_again() -> None:
    async with listening(answering(answer())) as port:
        client = transport(port)
        assert (await client.request("GET", "/")).status == 200
        assert (await client.request("GET", "/")).status == 200
        await client.close()


async def test_a_server_that_closes_without_an_answer_is_an_error_that_names_the_request() -> None:
    async with listening(answering(b"")) as port:
        with pytest.raises(TransportError, match="closed the connection on POST /api"):
            await transport(port).request("POST", "/api", body=b"{}")


async def test_a_compressed_answer_is_unpacked() -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b"hello") + packer.flush()
    async with listening(answering(answer(packed, **{"content-encoding": "gzip"}))) as port:
        client = transport(port)
        assert (await client.request("GET", "/")).body == b"hello"
        await client.close()


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async with listening(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal", b"")) as port:
        with pytest.raises(TransportTimeout, match=r"did not answer GET / within 0.05 s"):
            await transport(port).request("GET", "/", timeout=0.05)


async def test_nobody_listening_says_where_the_address_came_from() -> None:
    async with listening(answering()) as port:
        pass
    client = Config(server=f"http://127.0.0.1:{port}", origin='kubeconfig k, context "c"').transport()
    with pytest.raises(ConnectError, match=r'cannot be reached: .*refused.*\(kubeconfig k, context "c"\)'):
        await client.request("GET", "/")


async def test_a_line_break_in_a_header_is_refused() -> None:
    async with listening(answering(answer())) as port:
        client = transport(port)
        with pytest.raises(ValueError, match="line break"):
            await client.request("GET", "/", headers={"accept": "x\r\nevil: 1"})
        await client.close()


@pytest.mark.parametrize("path", ["/a b", "/a\r\nevil: 1", "/a\x00"])
async def test_a_path_that_would_break_the_request_line_is_refused(path: str) -> None:
    async with listening(answering(answer())) as port:
        client = transport(port)
        with pytest.raises(ValueError, match="quote it"):
            await client.request("GET", path)
        await client.close()


async def test_a_stream_yields_pieces_as_they_arrive_and_ends_with_the_answer() -> None:
    more = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await more.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        writer.close()

    async with listening(handle) as port:
        client = transport(port)
        seen = []
        async with client.stream("GET", "/watch") as stream:
            async for piece in stream:
                seen.append(piece)
                more.set()
        assert seen == [b"one", b"two"]


async def test_a_stream_that_breaks_off_is_an_error() -> None:
    torn = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n"
    async with listening(answering(torn)) as port:
        client = transport(port)
        with pytest.raises(TransportError, match="middle of an answer"):
            async with client.stream("GET", "/watch") as stream:
                await stream.read()


async def test_a_stream_without_a_sign_of_life_counts_as_dead() -> None:
    silent = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n"
    async with listening(answering(silent, b"")) as port:
        client = transport(port)
        with pytest.raises(TransportTimeout, match=r"no byte came for 0.05 s"):
            async with client.stream("GET", "/watch", idle_timeout=0.05) as stream:
                await stream.read()


async def test_a_slow_reader_stops_the_sender() -> None:
    sent = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        try:
            while sent < 100_000_000:
                writer.write(b"x" * 1_000_000)
                sent += 1_000_000
                await writer.drain()
        except ConnectionError:
            pass

    async with listening(handle) as port:
        client = transport(port)
        async with client.stream("GET", "/") as stream:
            size = len(await anext(aiter(stream)))
            assert size < 10_000_000
            assert sent < 50_000_000


def make_certificate(directory: Path, name: str) -> ClientCertificate:
    """A self-signed certificate for ``name``, written as ``NAME.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    alternative: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "127.0.0.1":
        alternative = [x509.IPAddress(ipaddress.ip_address(name))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = ClientCertificate(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    (directory / f"{name}.pem").write_bytes(pair.certificate + pair.key)
    return pair


def server_context(directory: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / f"{name}.pem")
    return context


async def test_only_the_authority_of_the_configuration_is_trusted(tmp_path: Path) -> None:
    pair, other = make_certificate(tmp_path, "127.0.0.1"), make_certificate(tmp_path, "elsewhere")
    async with listening(answering(answer()), server_context(tmp_path, "127.0.0.1")) as port:
        url = f"https://127.0.0.1:{port}"
        trusting = Config(server=url, certificate_authority=pair.certificate).transport()
        assert (await trusting.request("GET", "/")).status == 200
        await trusting.close()
        for authority in (None, other.certificate):
            with pytest.raises(ConnectError, match="not trusted"):
                await Config(server=url, certificate_authority=authority).transport().request("GET", "/")


async def test_the_server_name_may_differ_from_the_address(tmp_path: Path) -> None:
    pair = make_certificate(tmp_path, "kubernetes.default")
    async with listening(answering(answer()), server_context(tmp_path, "kubernetes.default")) as port:
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(ConnectError, match="tls-server-name"):
            await Config(server=url, certificate_authority=pair.certificate).transport().request("GET", "/")
        named = Config(
            server=url, certificate_authority=pair.certificate, tls_server_name="kubernetes.default"
        ).transport()
        assert (await named.request("GET", "/")).status == 200
        await named.close()


async def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    pair, user = make_certificate(tmp_path, "127.0.0.1"), make_certificate(tmp_path, "user")
    context = server_context(tmp_path, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=user.certificate.decode())
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    async with listening(answering(answer()), context) as port:
        client = Config(
            server=f"https://127.0.0.1:{port}",
            certificate_authority=pair.certificate,
            credentials=StaticCredentials(certificate=user),
        ).transport()
        assert (await client.request("GET", "/")).status == 200
        await client.close()


async def test_tls_goes_through_a_proxy_tunnel(tmp_path: Path) -> None:
    pair = make_certificate(tmp_path, "127.0.0.1")
    connects: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connects.append(await read_request(reader))
        target = connects[-1].split()[1]
        host, _, port = target.rpartition(":")
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
        finally:
            inner_writer.transport.abort()

    async with listening(answering(answer()), server_context(tmp_path, "127.0.0.1")) as port, listening(proxy) as front:
        client = Config(
            server=f"https://127.0.0.1:{port}",
            certificate_authority=pair.certificate,
            proxy_url=f"http://me:secret@127.0.0.1:{front}",
        ).transport()
        assert (await client.request("GET", "/")).status == 200
        await client.close()
    assert connects[0].startswith(f"CONNECT 127.0.0.1:{port} ")
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in connects[0]


async def test_a_refused_token_is_asked_for_again_once() -> None:
    class Renewed(Anonymous):
        token = "old"

        async def headers(self) -> dict[str, str]:
            return {"authorization": f"Bearer {self.token}"}

        def rejected(self) -> bool:
            self.token = "new"
            return True

    requests: list[str] = []
    answers = answering(answer(status="401 Unauthorized"), answer(), requests=requests)
    async with listening(answers) as port:
        client = Config(server=f"http://127.0.0.1:{port}", credentials=Renewed()).transport()
        assert (await client.request("GET", "/")).status == 200
        await client.close()
    assert ["Bearer new" in request for request in requests] == [False, True]
