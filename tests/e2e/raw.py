# SPDX-License-Identifier: Apache-2.0
"""Bytes as they are on the wire, for what clients hide: a socket that says exactly what it is told,
requests of both protocols, and AWS Signature Version 4 made by hand from its description."""
import base64
import collections
import datetime
import hashlib
import hmac
import json
import re
import socket
import struct
import urllib.parse

from harness import LIMIT, Case

JSON_TYPE = "application/x-amz-json-1.0"
FORM_TYPE = "application/x-www-form-urlencoded"
ACCOUNT = "000000000000"
VERSION = "2012-11-05"
NAMESPACE = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"'
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Answer(collections.namedtuple("Answer", "status reason headers body")):
    """`headers`: (name, value) as they came; `body`: bytes."""

    def header(self, name):
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        if len(found) > 1:
            raise AssertionError(f"{name} came more than once: {self.headers}")
        return found[0] if found else None

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def xml(self, element):
        """The text of every element of that name, with its escapes."""
        return re.findall(f"<{element}>(.*?)</{element}>", self.text, re.S)


class Ended(Exception):
    """The server has closed the connection."""


class Socket:
    """One connection. What it is given it sends; what it reads is one answer after the other."""

    def __init__(self, case, address, tls=None, name="localhost"):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        case.addCleanup(self.close)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.left = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def ask(self, data):
        return self.send(data).read()

    def _more(self):
        try:
            chunk = self.socket.recv(65536)
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise Ended(self.left)
        self.left += chunk

    def read(self, has_body=True):
        """One answer; Ended when there is none any more."""
        while b"\r\n\r\n" not in self.left:
            self._more()
        head, _, self.left = self.left.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, reason = first.split(" ", 2)
        assert version == "HTTP/1.1", first
        answer = Answer(int(status), reason, [tuple(line.split(": ", 1)) for line in lines], b"")
        length = int(answer.header("Content-Length") or 0) if has_body else 0
        while len(self.left) < length:
            self._more()
        body, self.left = self.left[:length], self.left[length:]
        return answer._replace(body=body)

    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while True:
                self._more()
        except Ended:
            return self.left

    def is_silent(self, seconds):
        """Whether nothing comes for so long, not even the end."""
        self.socket.settimeout(seconds)
        try:
            self._more()
            return False
        except socket.timeout:
            return True
        except Ended:
            return False
        finally:
            self.socket.settimeout(LIMIT)

    def stop_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()


# --- Requests


def request(method, target, headers=(), body=b"", host="sqs.test"):
    """Host and Content-Length are added unless `headers` has them."""
    fields = dict(headers)
    names = {name.lower() for name in fields}
    if "host" not in names and host:
        fields = {"Host": host, **fields}
    if "content-length" not in names and (body or method == "POST"):
        fields["Content-Length"] = len(body)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def as_json(members):
    return members if isinstance(members, bytes) else json.dumps(members).encode()


def json_request(action, members=None, headers=(), **how):
    """`action` with its prefix unless it is Amazon's; `members`: a dictionary, or bytes as they are."""
    target = action if "." in action else f"AmazonSQS.{action}"
    return request("POST", "/", {"Content-Type": JSON_TYPE, "X-Amz-Target": target, **dict(headers)},
                   as_json({} if members is None else members), **how)


def as_form(parameters):
    """`parameters`: a dictionary, or bytes as they are."""
    return parameters if isinstance(parameters, bytes) else urllib.parse.urlencode(parameters).encode()


def form_request(parameters, path="/", headers=(), **how):
    return request("POST", path, {"Content-Type": FORM_TYPE, **dict(headers)}, as_form(parameters), **how)


def get_request(parameters, path="/", headers=(), **how):
    return request("GET", f"{path}?{as_form(parameters).decode()}", headers, **how)


def action(name, **parameters):
    """Parameters of a Query request; "__" in a name stands for the dots."""
    return {"Action": name, "Version": VERSION,
            **{key.replace("__", "."): str(value) for key, value in parameters.items()}}


def path_of(queue):
    return f"/{ACCOUNT}/{queue}"


# --- Signature Version 4


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def moment(skew=0):
    """The date and time of a signature, `skew` seconds from now."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew)
    return now.strftime("%Y%m%dT%H%M%SZ")


class Key(collections.namedtuple("Key", "id secret")):
    """Signs requests."""

    def _signature(self, at, scope, canonical):
        day, region, service, end = scope.split("/")
        derived = mac(mac(mac(mac(("AWS4" + self.secret).encode(), day), region), service), end)
        return mac(derived, f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{sha256(canonical.encode())}").hex()

    @staticmethod
    def _canonical(method, path, query, headers, digest):
        pairs = sorted((urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(str(value), safe="-_.~"))
                       for name, value in query)
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        return "\n".join([method, urllib.parse.quote(path, safe="/-_.~"),
                          "&".join(f"{name}={value}" for name, value in pairs), lines,
                          ";".join(sorted(headers)), digest])

    def headers(self, body, headers, method="POST", target="/", skew=0, service="sqs", scope=None):
        """`headers` (they must have Host) and those of a signature over all of them."""
        at = moment(skew)
        fields = {**headers, "X-Amz-Date": at}
        scope = scope or f"{at[:8]}/eu-north-1/{service}/aws4_request"
        path, _, query = target.partition("?")
        signed = {name.lower(): str(value).strip() for name, value in fields.items()}
        canonical = self._canonical(method, path, urllib.parse.parse_qsl(query, keep_blank_values=True),
                                    signed, sha256(body))
        return {**fields, "Authorization":
                f"AWS4-HMAC-SHA256 Credential={self.id}/{scope}, "
                f"SignedHeaders={';'.join(sorted(signed))}, "
                f"Signature={self._signature(at, scope, canonical)}"}

    def json_request(self, action_name, members=None, sent=None, extra=(), **how):
        """A signed request; `sent`: the body that is sent in place of the signed one."""
        target = action_name if "." in action_name else f"AmazonSQS.{action_name}"
        body = as_json({} if members is None else members)
        headers = self.headers(body, {"Host": "sqs.test", "Content-Type": JSON_TYPE,
                                      "X-Amz-Target": target}, **how)
        return request("POST", "/", {**headers, **dict(extra)}, body if sent is None else as_json(sent))

    def form_request(self, parameters, path="/", **how):
        body = as_form(parameters)
        headers = self.headers(body, {"Host": "sqs.test", "Content-Type": FORM_TYPE}, target=path, **how)
        return request("POST", path, headers, body)

    def link(self, parameters, path="/", expires=60, skew=0):
        """The target of a presigned GET for Host sqs.test."""
        at = moment(skew)
        scope = f"{at[:8]}/eu-north-1/sqs/aws4_request"
        query = [*parameters.items(), ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                 ("X-Amz-Credential", f"{self.id}/{scope}"), ("X-Amz-Date", at),
                 ("X-Amz-Expires", expires), ("X-Amz-SignedHeaders", "host")]
        canonical = self._canonical("GET", path, query, {"host": "sqs.test"}, sha256(b""))
        return f"{path}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}" \
               f"&X-Amz-Signature={self._signature(at, scope, canonical)}"


# --- A test with a broker


class RawCase(Case):
    """A broker in memory; self.open() gives a connection to it."""

    arguments = ("--memory",)

    def setUp(self):
        super().setUp()
        self.server = self.broker(*self.arguments)

    def open(self, **how):
        return Socket(self, self.server.address, **how)

    def ask(self, data):
        """The answer to one request on a connection of its own."""
        wire = self.open()
        try:
            return wire.ask(data)
        finally:
            wire.close()

    def json(self, action_name, **members):
        """What an action of JSON answers; it must succeed."""
        answer = self.ask(json_request(action_name, members))
        self.assertEqual(answer.status, 200, answer)
        return answer.json if answer.body else None

    def assert_answers(self):
        """The server still does its work."""
        self.assertIn("QueueUrl", self.json("CreateQueue", QueueName="still-here"))

    def assert_json_error(self, answer, status, kind, code, sentence=None, space="com.amazonaws.sqs"):
        self.assertEqual((answer.status, answer.header("Content-Type")), (status, JSON_TYPE), answer)
        told = answer.json
        self.assertEqual(told["__type"], f"{space}#{kind}", answer)
        self.assertEqual(answer.header("x-amzn-query-error"), f"{code};Sender", answer)
        self.assertRegex(answer.header("x-amzn-RequestId"), f"^{UUID}$")
        if sentence is not None:
            self.assertEqual(told["message"], sentence)
            self.assertEqual(set(told), {"__type", "message"})

    def assert_framework_error(self, answer, status, kind, code, sentence=None):
        self.assert_json_error(answer, status, kind, code, sentence, "com.amazon.coral.service")

    def assert_xml_error(self, answer, status, code, sentence=None):
        self.assertEqual((answer.status, answer.header("Content-Type")), (status, "text/xml"), answer)
        self.assertIsNone(answer.header("x-amzn-query-error"), answer)
        if sentence is None:
            self.assertEqual(answer.xml("Code"), [code], answer)
            return
        identity = answer.header("x-amzn-RequestId")
        self.assertRegex(identity, f"^{UUID}$")
        self.assertEqual(
            answer.text,
            f'<?xml version="1.0"?><ErrorResponse {NAMESPACE}><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{sentence}</Message><Detail/></Error>"
            f"<RequestId>{identity}</RequestId></ErrorResponse>")


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def md5_of(text):
    return hashlib.md5(text.encode()).hexdigest()
