//! Modules of no certification profile that we ask for, or of none at all.

use serde_json::json;

use crate::conformance::id_token::es256;
use crate::conformance::keys::Sign;
use crate::conformance::op::{CLIENT_ID, SUB};
use crate::conformance::table::{rows, sign_in};
use crate::conformance::{claims, signed_userinfo};

rows! {
    oidcc_client_test_missing_aud: "The id_token has no `aud`.",
        sign_in(claims(json!({"aud": null}))) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_invalid_sig_hs256: "Signs the id_token with HS256 and a wrong secret, where the client is registered for HS256.",
        sign_in(|b| {
            b.file = json!({"id_token": {"algs": ["HS256"]}});
            b.header = json!({"alg": "HS256"});
            b.sign = Sign::Hs256(b"of-another-client-and-long-enough-to-be-one".to_vec());
        }) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_invalid_sig_es256: "The signature of the id_token is wrong, where the client is registered for ES256.",
        sign_in(|b| {
            b.file = json!({"id_token": {"algs": ["ES256"]}});
            es256(b);
            b.sign = Sign::Garbage;
        }) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_mtls_endpoint_aliases: "Has addresses of their own for who shows a certificate.",
        sign_in(|b| {
            b.file = json!({
                "client": {"certificate": {"format": "pem", "secret": true}, "certificate_key": {"format": "pem", "secret": true}},
                "token_endpoint_auth_method": "self_signed_tls_client_auth", "tls_client_certificate_bound_access_tokens": true,
            });
            b.discovery = json!({"mtls_endpoint_aliases": {"token_endpoint": "ISSUER/mtls/token", "userinfo_endpoint": "ISSUER/mtls/userinfo"}});
        }) => "signed in", "discovery mtls/token jwks mtls/userinfo";
    oidcc_client_test_userinfo_signed: "Userinfo is a JWT, for which the client is registered.",
        sign_in(signed_userinfo::right(json!({"sub": SUB, "name": "Jane", "aud": CLIENT_ID}))) => "signed in", "discovery token jwks userinfo";
}
