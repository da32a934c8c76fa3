//! The protocol, pure: values in, requests out; responses in, values out.
pub mod id_token;
