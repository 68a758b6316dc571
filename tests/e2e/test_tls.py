#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=120 parallel
"""TLS as clients meet it: Python, curl and boto3 with a certificate of the test's own (made by the
openssl command, of Debian's package openssl), plain HTTP beside it, and certificates that change."""
import os
import signal
import socket
import ssl
import subprocess
import warnings

import boto3
import botocore.client

from harness import LIMIT, Case, Queues, Tree, eventually, kill, main
from raw import ACCOUNT, Key, Socket, action, form_request, json_request, md5_of, path_of, request

KEY = Key("AKIATLS", "some-secret")


class SecureBroker(Tree, Queues):
    def __init__(self, case, folder, *arguments):
        Tree.__init__(self, case, ["serve", "--memory", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem",
                                   "--tls-key", "key.pem", *arguments], folder)
        Queues.__init__(self, self.await_line(r"listening on https://(\S+)\n"))


class Secure(Case):
    arguments = ()

    def setUp(self):
        super().setUp()
        self.make("first")
        self.server = SecureBroker(self, self.folder, *self.arguments)
        self.trust = self.folder / "first.pem"

    def make(self, name):
        """A certificate for this host, in cert.pem and key.pem; name.pem keeps it for those who trust it."""
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", "key.new", "-out", "cert.new"], cwd=self.folder, capture_output=True, text=True,
            timeout=LIMIT)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.write(f"{name}.pem", (self.folder / "cert.new").read_text())
        os.replace(self.folder / "key.new", self.folder / "key.pem")
        os.replace(self.folder / "cert.new", self.folder / "cert.pem")

    def trusting(self, name="first"):
        return ssl.create_default_context(cafile=self.folder / f"{name}.pem")

    def secure(self, name="first"):
        return Socket(self, self.server.address, tls=self.trusting(name))

    def plain(self):
        return Socket(self, self.server.address)

    def common_name(self, wire):
        return dict(pair for parts in wire.socket.getpeercert()["subject"] for pair in parts)["commonName"]

    def assert_works(self, wire):
        answer = wire.ask(json_request("CreateQueue", {"QueueName": "q"}))
        self.assertEqual(answer.status, 200, answer)
        return answer.json["QueueUrl"]

    def hang_up_and_say(self, said):
        before = self.server.errors().count(said)
        kill(self.server.pid, signal.SIGHUP)
        eventually(lambda: self.server.errors().count(said) > before, f"the log says: {said}")


class Clients(Secure):
    def test_a_client_of_tls_is_served_in_both_protocols_and_its_urls_say_https(self):
        wire = self.secure()
        self.assertIn(wire.socket.version(), ("TLSv1.2", "TLSv1.3"))
        self.assertEqual(self.assert_works(wire), f"https://sqs.test{path_of('q')}")
        sent = wire.ask(form_request(action("SendMessage", MessageBody="<x>"), path_of("q")))
        self.assertEqual(sent.xml("MD5OfMessageBody"), [md5_of("<x>")])
        listed = wire.ask(form_request(action("ListQueues")))
        self.assertEqual(listed.xml("QueueUrl"), [f"https://sqs.test{path_of('q')}"])

    def test_plain_http_from_this_host_works_on_the_same_port(self):
        self.assertEqual(self.assert_works(self.plain()), f"http://sqs.test{path_of('q')}")
        self.assertEqual(self.plain().ask(request("GET", "/healthz")).status, 200)
        self.assert_works(self.secure())

    def test_older_protocols_are_refused_and_tls_12_is_not(self):
        self.assertEqual(self.secure().socket.version(), "TLSv1.3")
        old = self.trusting()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assert_works(Socket(self, self.server.address, tls=old))
        oldest = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        oldest.load_verify_locations(self.trust)
        oldest.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is old: that is the point
            oldest.minimum_version, oldest.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises(ssl.SSLError):
            Socket(self, self.server.address, tls=oldest)

    def test_a_client_that_trusts_somebody_else_does_not_connect(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            Socket(self, self.server.address, tls=ssl.create_default_context())
        self.assert_works(self.secure())

    def test_requests_may_be_pipelined_and_large(self):
        wire = self.secure()
        self.assert_works(wire)
        body = "é<" * 300_000
        wire.send(json_request("SendMessage", {"QueueUrl": "q", "MessageBody": body}) +
                  form_request(action("ReceiveMessage"), path_of("q")))
        self.assertEqual(wire.read().json["MD5OfMessageBody"], md5_of(body))
        self.assertEqual(wire.read().xml("Body"), [body.replace("<", "&lt;")])

    def test_curl_speaks_to_it(self):
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--cacert", str(self.trust), "--max-time", "30",
             f"https://{self.server.address}/?Action=CreateQueue&QueueName=q"],
            capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"<QueueUrl>https://{self.server.address}{path_of('q')}</QueueUrl>", done.stdout)
        untrusting = subprocess.run(["curl", "--silent", f"https://{self.server.address}/healthz"],
                                    capture_output=True, timeout=LIMIT)
        self.assertEqual(untrusting.returncode, 60)  # curl: the certificate is not known

    def test_a_poll_over_tls_whose_client_has_gone_takes_nothing(self):
        self.assert_works(self.plain())
        poll = json_request("ReceiveMessage", {"QueueUrl": "q", "WaitTimeSeconds": 20})
        for how in ("unwrap", "close", "reset"):
            with self.subTest(how):
                wire = self.secure().send(poll)
                self.assertTrue(wire.is_silent(0.2))
                if how == "unwrap":  # says that it closes, and leaves the socket open
                    wire.socket.settimeout(0.01)
                    try:
                        wire.socket.unwrap()
                    except (OSError, ssl.SSLError):
                        pass
                elif how == "close":
                    wire.close()
                else:
                    wire.reset()
                other = self.plain()
                other.ask(json_request("SendMessage", {"QueueUrl": "q", "MessageBody": how}))
                taken = other.ask(json_request("ReceiveMessage", {"QueueUrl": "q", "WaitTimeSeconds": 5}))
                self.assertEqual([m["Body"] for m in taken.json["Messages"]], [how])

    def test_handshakes_that_never_come_hold_nobody_up(self):
        begun = [self.plain().send(b"\x16\x03\x01\x02\x00\x01") for _ in range(30)]
        garbage = self.plain().send(b"\x16\x03\x01\x00\x05hello" + b"\0" * 100)
        garbage.rest()
        self.assert_works(self.secure())
        for wire in begun:
            wire.close()

    def test_plain_bytes_inside_tls_end_the_connection(self):
        raw = socket.create_connection(tuple(self.server.address.split(":")), timeout=LIMIT)
        self.addCleanup(raw.close)
        wrapped = self.trusting().wrap_socket(raw.dup(), server_hostname="localhost")
        self.addCleanup(wrapped.close)
        raw.sendall(json_request("ListQueues"))
        try:
            while wrapped.recv(4096):
                pass
        except (ssl.SSLError, ConnectionError):
            pass
        self.assert_works(self.secure())


class Signed(Secure):
    arguments = ("--credentials", "keys.yaml")

    def setUp(self):
        Case.setUp(self)
        self.write("keys.yaml", f"selvage-credentials: 1\nkeys:\n"
                   f'  - {{ id: {KEY.id}, secret: "{KEY.secret}", allow: everything }}\n', 0o600)
        self.make("first")
        self.server = SecureBroker(self, self.folder, *self.arguments)

    def test_boto3_sends_and_receives_over_https(self):
        sqs = boto3.session.Session().client(
            "sqs", region_name="eu-north-1", endpoint_url=f"https://{self.server.address}",
            verify=str(self.folder / "first.pem"), aws_access_key_id=KEY.id, aws_secret_access_key=KEY.secret,
            config=botocore.client.Config(retries={"total_max_attempts": 1}))
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        self.assertEqual(url, f"https://{self.server.address}{path_of('q')}")
        sqs.send_message(QueueUrl=url, MessageBody="x")
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.assertEqual(message["Body"], "x")

    def test_a_policy_can_insist_on_tls(self):
        def ask(wire, name, **members):
            return wire.ask(KEY.json_request(name, members))
        self.assertEqual(ask(self.secure(), "CreateQueue", QueueName="q").status, 200)
        policy = ('{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage",'
                  f'"Resource":"arn:aws:sqs:us-east-1:{ACCOUNT}:q",'
                  '"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}')
        self.assertEqual(ask(self.plain(), "SetQueueAttributes", QueueUrl="q",
                             Attributes={"Policy": policy}).status, 200)
        self.assertEqual(ask(self.plain(), "SendMessage", QueueUrl="q", MessageBody="x").status, 403)
        self.assertEqual(ask(self.secure(), "SendMessage", QueueUrl="q", MessageBody="x").status, 200)


class Renewal(Secure):
    def test_sighup_brings_a_new_certificate_to_new_connections_and_old_ones_go_on(self):
        old = self.secure()
        self.assert_works(old)
        self.make("second")
        self.assert_works(self.secure("first"))  # nothing has changed before the signal
        self.hang_up_and_say("cert.pem was read anew")
        fresh = self.secure("second")
        self.assertEqual((self.common_name(old), self.common_name(fresh)), ("first", "second"))
        self.assert_works(fresh)
        self.assert_works(old)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.secure("first")

    def test_a_long_poll_waits_on_through_a_renewal(self):
        old = self.secure()
        self.assert_works(old)
        old.send(json_request("ReceiveMessage", {"QueueUrl": "q", "WaitTimeSeconds": 20}))
        self.make("second")
        self.hang_up_and_say("cert.pem was read anew")
        self.secure("second").ask(json_request("SendMessage", {"QueueUrl": "q", "MessageBody": "x"}))
        self.assertEqual(old.read().json["Messages"][0]["Body"], "x")

    def test_files_that_cannot_be_used_leave_the_certificate_of_before(self):
        good = {name: (self.folder / name).read_text() for name in ("cert.pem", "key.pem")}
        self.make("other")
        alien = (self.folder / "key.pem").read_text()
        for name, text in (("cert.pem", "rubbish\n"), ("cert.pem", ""), ("key.pem", "rubbish\n"),
                           ("key.pem", alien), ("cert.pem", None)):
            with self.subTest(name, text=text and text[:40]):
                for file, content in good.items():
                    self.write(file, content)
                if text is None:
                    (self.folder / name).unlink()
                else:
                    self.write(name, text)
                self.hang_up_and_say("the certificate of before stays")
                wire = self.secure("first")
                self.assertEqual(self.common_name(wire), "first")
                self.assert_works(wire)

    def test_a_start_with_files_that_cannot_be_used_is_refused_with_a_sentence(self):
        good = {name: (self.folder / name).read_text() for name in ("cert.pem", "key.pem")}
        self.make("other")
        alien = (self.folder / "key.pem").read_text()
        for name, text in (("cert.pem", "rubbish\n"), ("key.pem", "rubbish\n"), ("key.pem", alien)):
            with self.subTest(name):
                for file, content in {**good, name: text}.items():
                    self.write(file, content)
                done = self.run_selvage("serve", "--memory", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem",
                                        "--tls-key", "key.pem", limit=20)
                self.assertEqual((done.returncode, done.stdout), (64, ""), done.stderr)
                self.assert_one_sentence(done.stderr, name)
                self.assertNotIn("BEGIN", done.stderr)


if __name__ == "__main__":
    main()
