//! The protocol, pure: values in, requests out; responses in, values out.
