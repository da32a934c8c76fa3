"""Authlib as an authorization server of RFC 7523 section 2.1: a token for a JWT that a client signed with its key, in Flask."""

import json
import os

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc7523 import JWTBearerGrant as Grant
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

given = json.loads(os.environ["PROVIDER"])
app = Flask(__name__)
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {Grant.GRANT_TYPE: given["lifetime"]}
tokens = []


class Client(ClientMixin):
    """The one client, known by its key."""

    def get_client_id(self):
        return given["client_id"]

    def get_allowed_scope(self, scope):
        return " ".join(word for word in (scope or "").split() if word in given["scopes"])

    def check_client_secret(self, client_secret):
        return False

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"

    def check_grant_type(self, grant_type):
        return grant_type == Grant.GRANT_TYPE


class JWTBearerGrant(Grant):
    def get_audiences(self):
        return [f"{given['origin']}/token"]

    def resolve_issuer_client(self, issuer):
        return Client() if issuer == given["client_id"] else None

    def resolve_client_key(self, client, headers, payload):
        return given["key"]

    def authenticate_user(self, subject):
        return subject if subject == given["sub"] else None

    def has_granted_permission(self, client, user):
        return True


server = AuthorizationServer(app, query_client=lambda _: Client(), save_token=lambda token, request: tokens.append((token, request.user)))
server.register_grant(JWTBearerGrant)


@app.post("/token")
def token():
    return server.create_token_response()


@app.get("/tokens")
def issued():
    return json.dumps(tokens)


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


listening = make_server("127.0.0.1", given["port"], app, threaded=True, request_handler=Quiet)
print("listening", flush=True)
listening.serve_forever()
