#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=180 parallel
"""Who may call: signatures made by boto3 and by hand, grants, queue policies, the credentials file and
its reload, and the runtime key of a workflow's own processes."""
import json
import os
import pathlib
import signal
import stat
import subprocess
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.credentials
import botocore.exceptions

from harness import LIMIT, SELVAGE, Case, Workflow, eventually, kill, main
from raw import (ACCOUNT, Key, RawCase, action, form_request, json_request, md5_of, path_of,
                 request)

SECRET = "f4k3/s3cr3t+n0b0dy=h4s"
ADMIN, SHOP, PARTNER = Key("AKIAADMIN", "admin-" + SECRET), Key("AKIASHOP", SECRET), \
    Key("AKIAPARTNER", "partner-" + SECRET)
STRANGER = Key("AKIANOBODY", "stranger")
KEYS = f"""selvage-credentials: 1
keys:
  - {{ id: AKIAADMIN, secret: "{ADMIN.secret}", allow: everything }}
  - id: AKIASHOP
    secret: "{SHOP.secret}"
    name: shop
    allow:
      - {{ queues: orders, actions: [SendMessage, GetQueueUrl] }}
      - {{ queues: "photo-*", actions: "*" }}
      - {{ queues: [one, two], actions: "Get*" }}
  - id: AKIAPARTNER
    secret: "{PARTNER.secret}"
    account: "444455556666"
    allow: everything
"""
WRONG = ("The request signature we calculated does not match the signature you provided. Check your AWS "
         "Secret Access Key and signing method. Consult the service documentation for details.")


def client(address, key, **how):
    """boto3, of whatever age, as this key. It asks once only."""
    return boto3.session.Session().client(
        "sqs", region_name="eu-north-1", endpoint_url=f"http://{address}", aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=botocore.client.Config(retries={"total_max_attempts": 1}, parameter_validation=True), **how)


class Guarded(RawCase):
    """A broker with KEYS and a few queues."""

    def setUp(self):
        Case.setUp(self)
        self.keys = self.write("keys.yaml", KEYS, 0o600)
        self.server = self.broker("--memory", "--credentials", self.keys)
        for name in ("orders", "photo-raw", "other"):
            self.be(ADMIN, "CreateQueue", QueueName=name)

    def try_as(self, key, name, members, **how):
        return self.ask(key.json_request(name, members, **how))

    def be(self, key, name, **members):
        """What an action answers to this key; it must succeed."""
        answer = self.try_as(key, name, members)
        self.assertEqual(answer.status, 200, answer)
        return answer.json if answer.body else None

    def count(self, queue):
        shown = self.be(ADMIN, "GetQueueAttributes", QueueUrl=queue,
                        AttributeNames=["ApproximateNumberOfMessages"])
        return int(shown["Attributes"]["ApproximateNumberOfMessages"])

    def assert_answers(self):
        self.be(ADMIN, "ListQueues")

    def assert_denied(self, answer, user, what, queue, account=ACCOUNT):
        self.assert_framework_error(
            answer, 403, "AccessDeniedException", "AccessDenied",
            f"User: arn:aws:iam::{account}:user/{user} is not authorized to perform: sqs:{what} on resource: "
            f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue} because no identity-based policy allows the sqs:{what} "
            "action")


SEND = {"QueueUrl": "orders", "MessageBody": "x"}


class Signatures(Guarded):
    def test_a_signature_made_by_hand_is_taken_in_both_protocols(self):
        self.assertEqual(self.be(SHOP, "SendMessage", **SEND)["MD5OfMessageBody"], md5_of("x"))
        answer = self.ask(SHOP.form_request(action("SendMessage", MessageBody="y"), path_of("orders")))
        self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("y")])
        answer = self.ask(SHOP.form_request({"MessageBody": "z"},
                                            f"{path_of('orders')}?Action=SendMessage&Version=2012-11-05"))
        self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("z")])
        self.assertEqual(self.count("orders"), 3)

    def test_an_unknown_key_is_told_so_in_both_protocols(self):
        sentence = "The security token included in the request is invalid."
        self.assert_framework_error(self.try_as(STRANGER, "SendMessage", SEND), 403,
                                    "UnrecognizedClientException", "InvalidClientTokenId", sentence)
        self.assert_xml_error(self.ask(STRANGER.form_request(action("ListQueues"))), 403,
                              "InvalidClientTokenId", sentence)

    def test_a_wrong_secret_does_not_match(self):
        thief = Key(SHOP.id, "guessed")
        self.assert_framework_error(self.try_as(thief, "SendMessage", SEND), 403,
                                    "InvalidSignatureException", "SignatureDoesNotMatch", WRONG)
        self.assert_xml_error(self.ask(thief.form_request(action("ListQueues"))), 403,
                              "SignatureDoesNotMatch", WRONG)
        self.assertEqual(self.count("orders"), 0)

    def assert_mismatch(self, data):
        self.assert_framework_error(self.ask(data), 403, "InvalidSignatureException", "SignatureDoesNotMatch")

    def test_a_request_replayed_with_another_body_is_refused(self):
        self.assertEqual(self.try_as(SHOP, "SendMessage", SEND).status, 200)
        self.assert_mismatch(SHOP.json_request("SendMessage", SEND, sent={**SEND, "MessageBody": "y"}))
        self.assert_mismatch(SHOP.json_request("SendMessage", SEND, sent=b""))
        self.assertEqual(self.count("orders"), 1)

    def test_a_request_that_was_changed_on_its_way_is_refused(self):
        good = ADMIN.json_request("SendMessage", SEND)
        for old, new in ((b"AmazonSQS.SendMessage", b"AmazonSQS.PurgeQueue"), (b"sqs.test", b"sqs.tesu"),
                         (b"POST / ", b"POST /x "), (b"POST / ", b"POST /?a=b "), (b"POST", b"PUT"),
                         (b"Signature=", b"Signature=0")):
            with self.subTest(new):
                self.assertIn(old, good)
                answer = self.ask(good.replace(old, new, 1))
                self.assertIn(answer.status, (400, 403), answer)
        self.assert_mismatch(ADMIN.json_request("SendMessage", SEND, extra={"X-Amz-Extra": "added"}))
        self.assertEqual(self.ask(good).status, 200)
        self.assertEqual(self.count("orders"), 1)

    def test_what_a_hash_of_the_body_says_must_be_true(self):
        for told in ("UNSIGNED-PAYLOAD", "0" * 64, ""):
            with self.subTest(told):
                body = b'{"QueueUrl":"orders","MessageBody":"x"}'
                headers = SHOP.headers(body, {"Host": "sqs.test", "X-Amz-Target": "AmazonSQS.SendMessage",
                                              "X-Amz-Content-Sha256": told})
                self.assert_mismatch(request("POST", "/", headers, body))

    def test_clocks_may_differ_by_fifteen_minutes_in_both_directions(self):
        for skew in (-14 * 60, 14 * 60):
            self.assertEqual(self.try_as(SHOP, "SendMessage", SEND, skew=skew).status, 200)
        for skew, words in ((-16 * 60, r"^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z "
                             r"\(\d{8}T\d{6}Z - 15 min\.\)$"),
                            (16 * 60, r"^Signature not yet current: \d{8}T\d{6}Z is still later than "
                             r"\d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 15 min\.\)$")):
            with self.subTest(skew):
                answer = self.try_as(SHOP, "SendMessage", SEND, skew=skew)
                self.assert_framework_error(answer, 403, "InvalidSignatureException", "SignatureDoesNotMatch")
                self.assertRegex(answer.json["message"], words)

    def test_a_signature_for_another_service_or_day_is_refused(self):
        self.assert_mismatch(SHOP.json_request("SendMessage", SEND, service="sns"))
        self.assert_mismatch(SHOP.json_request("SendMessage", SEND, scope="20200101/eu-north-1/sqs/aws4_request"))

    def test_an_authorization_that_cannot_be_read_is_refused(self):
        for value in ("AWS4-HMAC-SHA256", "Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256 Credential=AKIASHOP",
                      "AWS4-HMAC-SHA256 nonsense", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, "
                      "Signature=0", "AWS4-HMAC-SHA256 Credential=,Signature=,SignedHeaders="):
            with self.subTest(value):
                answer = self.ask(json_request("SendMessage", SEND, {"Authorization": value,
                                                                     "X-Amz-Date": "20260101T000000Z"}))
                self.assertIn((answer.status, answer.header("x-amzn-query-error")),
                              ((400, "IncompleteSignature;Sender"), (403, "SignatureDoesNotMatch;Sender")))
                self.assertTrue(answer.json["message"])

    def test_without_a_signature_a_caller_is_nobody(self):
        sentence = "Request is missing Authentication Token"
        self.assert_framework_error(self.ask(json_request("SendMessage", SEND)), 403,
                                    "MissingAuthenticationTokenException", "MissingAuthenticationToken", sentence)
        self.assert_xml_error(self.ask(form_request(action("ListQueues"))), 403,
                              "MissingAuthenticationToken", sentence)
        for name in ("Selvage.Statistics", "Selvage.OpenSession", "Selvage.Receive"):
            self.assertEqual(self.ask(json_request(name, {"QueueUrl": "orders"})).status, 403)
        self.assertEqual(self.ask(request("GET", "/healthz")).status, 200)

    def test_a_presigned_link_made_by_hand_works_until_it_expires(self):
        send = action("SendMessage", MessageBody="a b&ü=/+")
        answer = self.ask(request("GET", SHOP.link(send, path_of("orders"))))
        self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("a b&ü=/+")], answer)
        for link in (SHOP.link(send, path_of("orders"), expires=60, skew=-120),
                     SHOP.link(send, path_of("orders"), skew=16 * 60),
                     SHOP.link(send, path_of("orders"), expires=8 * 24 * 3600),
                     SHOP.link(send, path_of("orders")).replace("ü", "u").replace("%C3%BC", "u"),
                     SHOP.link(send, path_of("orders")) + "&MessageBody=more",
                     SHOP.link(send, path_of("orders")) + "&X-Amz-Expires=600",
                     STRANGER.link(send, path_of("orders"))):
            answer = self.ask(request("GET", link))
            self.assertIn(answer.status, (400, 403), answer)
            self.assertEqual(answer.header("Content-Type"), "text/xml")
        self.assertEqual(self.count("orders"), 1)

    def test_a_link_and_a_header_together_are_two_identities_and_refused(self):
        target = SHOP.link(action("ListQueues"), "/")
        headers = ADMIN.headers(b"", {"Host": "sqs.test"}, "GET", target)
        self.assert_xml_error(self.ask(request("GET", target, headers)), 403, "SignatureDoesNotMatch", WRONG)


class Boto(Guarded):
    def code_of(self, call, **members):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**members)
        return caught.exception.response["Error"]["Code"]

    def test_boto3_with_a_right_key_may_and_with_a_wrong_one_may_not(self):
        url = client(self.server.address, SHOP).get_queue_url(QueueName="orders")["QueueUrl"]
        sent = client(self.server.address, SHOP).send_message(QueueUrl=url, MessageBody="x")
        self.assertEqual(sent["MD5OfMessageBody"], md5_of("x"))
        send = {"QueueUrl": url, "MessageBody": "x"}
        for key, code in ((STRANGER, "InvalidClientTokenId"), (Key(SHOP.id, "no"), "SignatureDoesNotMatch")):
            self.assertIn(self.code_of(client(self.server.address, key).send_message, **send),
                          (code, "UnrecognizedClientException", "InvalidSignatureException"))
        shop = client(self.server.address, SHOP)
        self.assertIn(self.code_of(shop.receive_message, QueueUrl=url), ("AccessDenied", "AccessDeniedException"))
        self.assertEqual(self.count("orders"), 1)

    def test_links_that_boto3_signs_work_until_they_expire(self):
        shop = client(self.server.address, SHOP)
        parameters = action("GetQueueUrl", QueueName="orders")

        def link(expires):
            if shop.meta.service_model.metadata["protocol"] == "query":
                return shop.generate_presigned_url("get_queue_url", {"QueueName": "orders"}, expires, "GET")
            asked = botocore.awsrequest.AWSRequest(  # a JSON client's links are for POST with a target
                "GET", f"http://{self.server.address}/?{urllib.parse.urlencode(parameters)}")
            botocore.auth.SigV4QueryAuth(botocore.credentials.Credentials(*SHOP), "sqs", "eu-north-1",
                                         expires).add_auth(asked)
            return asked.url

        def get(url):
            parts = urllib.parse.urlsplit(url)
            return self.ask(request("GET", f"{parts.path or '/'}?{parts.query}", host=parts.netloc))
        self.assertEqual(get(link(60)).xml("QueueUrl"), [f"http://{self.server.address}{path_of('orders')}"])
        short = link(1)
        eventually(lambda: get(short).status == 403, "the link has expired")
        self.assertTrue(get(short).xml("Message")[0].startswith("Signature expired: "), get(short))
        self.assertEqual(get(link(60).replace("orders", "other")).status, 403)

    def test_permissions_that_boto3_adds_let_another_account_in_until_it_removes_them(self):
        admin = client(self.server.address, ADMIN)
        partner = client(self.server.address, PARTNER)
        url = admin.get_queue_url(QueueName="orders")["QueueUrl"]
        send = {"QueueUrl": url, "MessageBody": "x"}
        self.assertIn("AccessDenied", self.code_of(partner.send_message, **send))
        admin.add_permission(QueueUrl=url, Label="partner", AWSAccountIds=["444455556666"],
                             Actions=["SendMessage"])
        partner.send_message(**send)
        partner.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "y"}])
        self.assertIn("AccessDenied", self.code_of(partner.receive_message, QueueUrl=url))
        self.assertIn("AccessDenied", self.code_of(partner.purge_queue, QueueUrl=url))
        admin.remove_permission(QueueUrl=url, Label="partner")
        self.assertIn("AccessDenied", self.code_of(partner.send_message, **send))
        self.assertEqual(self.count("orders"), 2)


class Grants(Guarded):
    def test_a_key_may_what_its_grants_say_on_the_queues_they_name(self):
        for name, members in (("SendMessage", SEND), ("GetQueueUrl", {"QueueName": "orders"}),
                              ("SendMessageBatch", {"QueueUrl": "orders", "Entries": [
                                  {"Id": "a", "MessageBody": "x"}]}),
                              ("Selvage.Send", {"QueueUrl": "orders", "Messages": [{"MessageBody": "x"}]}),
                              ("CreateQueue", {"QueueName": "photo-new"}),
                              ("PurgeQueue", {"QueueUrl": "photo-new"}),
                              ("DeleteQueue", {"QueueUrl": "photo-new"}),
                              ("Selvage.Peek", {"QueueUrl": "photo-raw"})):
            with self.subTest(name):
                self.be(SHOP, name, **members)

    def test_a_key_may_nothing_else(self):
        for name, members, what, queue in (
                ("ReceiveMessage", {"QueueUrl": "orders"}, "receivemessage", "orders"),
                ("Selvage.Peek", {"QueueUrl": "orders"}, "receivemessage", "orders"),
                ("Selvage.Receive", {"QueueUrls": ["photo-raw", "orders"]}, "receivemessage", "orders"),
                ("DeleteMessageBatch", {"QueueUrl": "orders", "Entries": [{"Id": "a", "ReceiptHandle": "x"}]},
                 "deletemessage", "orders"),
                ("SendMessage", {**SEND, "QueueUrl": "other"}, "sendmessage", "other"),
                ("SendMessage", {**SEND, "QueueUrl": "ORDERS"}, "sendmessage", "ORDERS"),
                ("CreateQueue", {"QueueName": "orders-2"}, "createqueue", "orders-2"),
                ("GetQueueUrl", {"QueueName": "secret"}, "getqueueurl", "secret"),
                ("SetQueueAttributes", {"QueueUrl": "orders", "Attributes": {"DelaySeconds": "9"}},
                 "setqueueattributes", "orders")):
            with self.subTest(name, queue=queue):
                self.assert_denied(self.try_as(SHOP, name, members), "shop", what, queue)
        for name in ("ListQueues", "Selvage.Statistics", "Selvage.OpenSession"):
            with self.subTest(name):
                self.assertEqual(self.try_as(SHOP, name, {}).status, 403)

    def test_one_that_may_not_learns_not_whether_a_queue_exists(self):
        there, missing = (self.try_as(SHOP, "PurgeQueue", {"QueueUrl": name}) for name in ("other", "nobody"))
        self.assertEqual(there.text.replace("other", "Q"), missing.text.replace("nobody", "Q"))
        self.assertEqual(self.try_as(ADMIN, "PurgeQueue", {"QueueUrl": "nobody"}).status, 400)

    def test_senders_are_named_by_their_key(self):
        self.be(SHOP, "SendMessage", **SEND)
        (message,) = self.be(ADMIN, "ReceiveMessage", QueueUrl="orders",
                             AttributeNames=["SenderId"])["Messages"]
        self.assertEqual(message["Attributes"], {"SenderId": "AKIASHOP"})


class Policies(Guarded):
    def set_policy(self, *statements, queue="orders"):
        policy = {"Version": "2012-10-17", "Statement": [
            {"Resource": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}", **statement} for statement in statements]}
        self.be(ADMIN, "SetQueueAttributes", QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})

    def statuses(self, name="SendMessage", members=None):
        """What the shop, the partner and nobody get: their three statuses."""
        members = members or {"QueueUrl": "orders", "MessageBody": "x"}
        return [self.try_as(SHOP, name, members).status, self.try_as(PARTNER, name, members).status,
                self.ask(json_request(name, members)).status]

    RECEIVE = ("ReceiveMessage", {"QueueUrl": "orders"})

    def test_a_user_whom_the_policy_allows_may_what_no_grant_says(self):
        self.assertEqual(self.statuses(*self.RECEIVE), [403, 403, 403])
        self.set_policy({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/shop"},
                         "Action": "sqs:ReceiveMessage"})
        self.assertEqual(self.statuses(*self.RECEIVE), [200, 403, 403])

    def test_another_account_needs_grant_and_policy(self):
        self.set_policy({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "SQS:*"})
        self.assertEqual(self.statuses(*self.RECEIVE), [403, 200, 403])
        self.assertEqual(self.try_as(PARTNER, "DeleteQueue", {"QueueUrl": "orders"}).status, 403)
        self.assertEqual(self.try_as(PARTNER, "SendMessage", {**SEND, "QueueUrl": "other"}).status, 403)

    def test_a_policy_for_everybody_lets_nobody_in_too(self):
        self.set_policy({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"})
        self.assertEqual(self.statuses(), [200, 200, 200])
        self.assertEqual(self.statuses(*self.RECEIVE), [403, 403, 403])
        (message,) = self.be(ADMIN, "ReceiveMessage", QueueUrl="orders", AttributeNames=["All"])["Messages"]
        self.assertEqual(message["Body"], "x")

    def test_an_explicit_deny_wins_even_over_everything(self):
        self.set_policy({"Effect": "Allow", "Principal": "*", "Action": "*"},
                        {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage"})
        self.assertEqual(self.statuses(), [403, 403, 403])
        self.assertEqual(self.try_as(ADMIN, "SendMessage", SEND).status, 403)
        self.assertEqual(self.try_as(ADMIN, "Selvage.Send", {"QueueUrl": "orders", "Messages": [
            {"MessageBody": "x"}]}).status, 403)
        self.be(ADMIN, "SetQueueAttributes", QueueUrl="orders", Attributes={"Policy": ""})
        self.assertEqual(self.statuses(), [200, 403, 403])

    def test_conditions_on_the_address_of_the_caller_count(self):
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}
        for ranges, status in (("127.0.0.0/8", 200), (["10.0.0.0/8", "127.0.0.1/32"], 200),
                               ("10.0.0.0/8", 403)):
            with self.subTest(ranges):
                self.set_policy({**allow, "Condition": {"IpAddress": {"aws:SourceIp": ranges}}})
                self.assertEqual(self.statuses()[1:], [status, status])
        self.set_policy(allow, {"Effect": "Deny", "Principal": "*", "Action": "*",
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
        self.assertEqual(self.statuses(), [403, 403, 403])


class File(Case):
    """The credentials file, and the other settings of who may call."""

    def assert_refused(self, *arguments, says=()):
        done = self.run_selvage("serve", "--memory", "--listen", "127.0.0.1:0", *arguments, limit=20)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertEqual(done.stdout, "")
        for words in says:
            self.assertIn(words, done.stderr)
        self.assertNotIn("s3cr3t", done.stderr)
        return done.stderr

    def test_each_problem_of_the_file_is_told_with_its_place(self):
        head = "selvage-credentials: 1\nkeys:\n"
        good = '  - { id: a, secret: s3cr3t, allow: everything }\n'
        for text, place, words in (
                ("", "1:1", "empty"), ("x", "1:1", "selvage-credentials: 1"), ("keys: [1", "1:", "YAML"),
                ("selvage-credentials: 2\n", "1:22", "format 1"), ("keys: []\n", "1:1", "is missing"),
                ("selvage-credentials: 1\n", "1:1", "no keys"),
                ("selvage-credentials: 1\nkeys: 5\n", "2:7", "a list"),
                (head + "  - 5\n", "3:5", "'id', 'secret' and 'allow'"),
                (head + "  - { id: a, allow: everything }\n", "3:5", "needs an 'id' and a 'secret'"),
                (head + "  - { id: a, secret: s3cr3t }\n", "3:5", "needs 'allow'"),
                (head + "  - { id: a, secret: [s3cr3t], allow: everything }\n", "3:22", "'secret' is a text"),
                (head + "  - { id: a, secret: s3cr3t, alow: everything }\n", "3:30", "did you mean 'allow'"),
                (head + "  - { id: a, secret: s3cr3t, allow: all }\n", "3:37", "'everything'"),
                (head + "  - { id: a, secret: s3cr3t, allow: [{ queues: q }] }\n", "3:38", "'actions'"),
                (head + "  - { id: a, secret: s3cr3t, allow: [{ queues: q, action: x }] }\n", "3:51",
                 "did you mean 'actions'"),
                (head + "  - { id: a, secret: s3cr3t, account: 12, allow: everything }\n", "3:39",
                 "12 digits"),
                (head + '  - { id: "a b", secret: s3cr3t, allow: everything }\n', "3:5", "'a b'"),
                (head + good + good, "4:5", "'a' is given twice"),
                (head + good + "more: 1\n", "4:1", "unknown key 'more'")):
            with self.subTest(text):
                self.write("keys.yaml", text, 0o600)
                said = self.assert_refused("--credentials", "keys.yaml",
                                           says=(f"keys.yaml:{place}", words))
                self.assertEqual(len(said.splitlines()), 1, said)

    def test_a_file_that_is_not_there_is_named(self):
        self.assert_refused("--credentials", "nowhere.yaml", says=("nowhere.yaml", "No such file"))

    def test_a_file_that_others_can_read_is_warned_of(self):
        self.write("keys.yaml", KEYS, 0o644)
        server = self.broker("--memory", "--credentials", "keys.yaml")
        self.assertIn("keys.yaml holds secrets and others can read it: chmod 600 ", server.errors())
        self.write("keys.yaml", KEYS, 0o600)
        server = self.broker("--memory", "--credentials", "keys.yaml")
        self.assertNotIn("others can read", server.errors())

    def test_without_credentials_only_this_machine_may_be_served(self):
        for listen in ("0.0.0.0:0", "[::]:0"):
            done = self.run_selvage("serve", "--memory", "--listen", listen)
            self.assertEqual((done.returncode, done.stdout), (64, ""), done.stderr)
            self.assert_one_sentence(done.stderr, f"refusing to listen on {listen}", "--credentials FILE",
                                     "--listen 127.0.0.1:")

    def test_settings_that_make_no_sense_are_refused(self):
        for words, said in ((("--account", "12"), "12 digits"), (("--account", "12345678901a"), "12 digits"),
                            (("--region", "US East"), "no region"), (("--region", ""), "region"),
                            (("--public-url", "ftp://x"), "http://"), (("--public-url", "x:80"), "http://"),
                            (("--public-url", "http://"), "host"), (("--public-url", "https://a b"), "spaces"),
                            (("--public-url", "https://x/?a=b"), "query"),
                            (("--tls-cert", "c"), "--tls-key"), (("--tls-key", "c"), "--tls-cert"),
                            (("--tls-cert", "c.pem", "--tls-key", "k.pem"), "c.pem")):
            with self.subTest(words):
                self.assert_refused(*words, says=(said,))


class Reload(Guarded):
    def reload(self, text, said):
        """Replaces the file and waits for the log to tell what came of it."""
        before = self.server.errors().count(said)
        self.write("keys.yaml", text, 0o600)
        kill(self.server.pid, signal.SIGHUP)
        eventually(lambda: self.server.errors().count(said) > before, f"the log says: {said}")

    def test_sighup_takes_new_keys_and_refuses_removed_ones(self):
        fresh = Key("AKIAFRESH", "fresh-" + SECRET)
        wire = self.open()
        self.assertEqual(wire.ask(SHOP.json_request("SendMessage", SEND)).status, 200)
        self.assertEqual(self.try_as(fresh, "ListQueues", {}).status, 403)
        line = f'  - {{ id: AKIAFRESH, secret: "{fresh.secret}", allow: everything }}\n'
        self.reload(KEYS.replace("AKIASHOP", "AKIAGONE") + line, "was read anew")
        self.be(fresh, "ListQueues")
        answer = wire.ask(SHOP.json_request("SendMessage", SEND))  # on its old connection, too
        self.assert_framework_error(answer, 403, "UnrecognizedClientException", "InvalidClientTokenId")

    def test_a_secret_that_was_changed_is_the_only_one_that_counts(self):
        changed = Key(ADMIN.id, "changed")
        self.be(ADMIN, "ListQueues")  # its derived key is known now
        self.reload(KEYS.replace(ADMIN.secret, changed.secret), "was read anew")
        self.assertEqual(self.try_as(ADMIN, "ListQueues", {}).status, 403)
        self.be(changed, "ListQueues")

    def test_a_broken_file_leaves_the_keys_of_before(self):
        self.reload("selvage-credentials: 1\nkeys: oops\n", "keys.yaml:2:7: 'keys' is a list; the keys of "
                    "before stay")
        self.be(SHOP, "SendMessage", **SEND)
        self.assertNotIn(SECRET, self.server.errors())


class OwnProcesses(Case):
    """`selvage up` with credentials: its own processes and commands call by the key of its data."""

    def up(self, environment=()):
        keys = self.write("keys.yaml", KEYS, 0o600)
        self.write_programs()
        self.write("workflow.yaml", "selvage: 1\nname: test\ndefaults: { workers: { min: 1, max: 2 } }\n"
                   "stages:\n  a: { from: in, run: ./program, to: out }\n")
        os.environ.update(environment)
        for name in dict(environment):
            self.addCleanup(os.environ.pop, name)
        return Workflow(self, self.folder, "--credentials", keys)

    def command(self, flow, *words, data="data"):
        """A command without any key in its environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        clean["AWS_EC2_METADATA_DISABLED"] = "true"
        return subprocess.run([SELVAGE, *words, "--broker", flow.address, "--data", data], env=clean,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder,
                              timeout=LIMIT)

    def do(self, flow, *words):
        done = self.command(flow, *words)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def test_a_workflow_works_by_its_runtime_key_and_shows_it_to_no_program(self):
        flow = self.up({"AWS_ACCESS_KEY_ID": STRANGER.id, "AWS_SECRET_ACCESS_KEY": STRANGER.secret})
        eventually(lambda: self.command(flow, "send", "in", f"env > {self.folder}/env; echo done"
                                        ).returncode == 0, "the queue is there")
        self.assertIn("done", self.do(flow, "receive", "out", "--wait", "20s", "--delete"))
        self.assertIn("a", self.do(flow, "status", "workflow.yaml"))
        key = self.folder / "data/runtime-key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        own, secret = key.read_text().split()
        seen = (self.folder / "env").read_text()
        self.assertIn("SELVAGE_STAGE=a\n", seen)
        for hidden in (own, secret, SECRET, "AKIAADMIN", "AKIASHOP"):
            self.assertNotIn(hidden, seen)
        for process in flow.processes():
            for hidden in (secret, SECRET):
                self.assertNotIn(hidden, " ".join(process.words))
                self.assertNotIn(hidden.encode(), pathlib.Path(f"/proc/{process.pid}/environ").read_bytes())
        self.assertNotIn(secret, flow.errors())
        flow.leave(self)

    def test_the_runtime_key_stays_over_a_restart_and_others_have_none(self):
        flow = self.up()
        eventually(lambda: self.command(flow, "send", "in", "true").returncode == 0, "the queue is there")
        before = (self.folder / "data/runtime-key").read_text()
        kill(flow.broker())
        eventually(lambda: self.command(flow, "queue", "list").returncode == 0, "a new broker answers")
        self.assertEqual((self.folder / "data/runtime-key").read_text(), before)
        stranger = self.command(flow, "queue", "list", data="elsewhere")
        self.assertNotEqual(stranger.returncode, 0)
        self.assert_one_sentence(stranger.stderr, "does not know who is calling", "AWS_ACCESS_KEY_ID", "--data")
        flow.leave(self)


if __name__ == "__main__":
    main()
