# SPDX-License-Identifier: Apache-2.0
"""Debian's python3-boto3, which is old enough to speak the Query protocol only."""
import os
import threading

import boto3
import botocore.exceptions
from botocore import xform_name
from botocore.config import Config

from .errors import ClientRefused, ConnectionLost, GaveUp, ServiceError
from .older_model import MODELS, of_that_age

READ_LIMIT = 90  # seconds


class Boto3:
    name = "boto3"
    abilities = {"move tasks"}

    def __init__(self):
        os.environ["AWS_DATA_PATH"] = MODELS
        self.clients, self.lock = {}, threading.Lock()

    def close(self):
        for client in self.clients.values():
            client.close()

    def client(self, where, give_up):
        with self.lock:  # making one is not safe among threads, using one is
            if (where, give_up) not in self.clients:
                config = Config(retries={"total_max_attempts": 1}, max_pool_connections=100,
                                connect_timeout=10, read_timeout=give_up or READ_LIMIT)
                self.clients[where, give_up] = speaks_query(boto3.client(
                    "sqs", endpoint_url=where.url, region_name="us-east-1", aws_access_key_id=where.key,
                    aws_secret_access_key=where.secret, config=config))
            return self.clients[where, give_up]

    def call(self, where, action, members, give_up=None):
        client = self.client(where, give_up)
        try:
            answer = getattr(client, xform_name(action))(**of_that_age(members))
        except botocore.exceptions.ClientError as error:
            raise service_error(error) from None
        except botocore.exceptions.ParamValidationError as error:
            raise ClientRefused(str(error)) from None
        except botocore.exceptions.ReadTimeoutError as error:
            raise GaveUp(str(error)) from None
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
            raise ConnectionLost(str(error)) from None
        answer.pop("ResponseMetadata")
        return answer


def speaks_query(client):
    if client.meta.service_model.protocol != "query":
        raise RuntimeError(f"this is not Debian's: {boto3.__file__} {boto3.__version__}")
    return client


def service_error(error):
    said = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return ServiceError(said.get("Code"), status, said.get("Message", ""), said.get("Type"))
