//! The sign-in server: the REST protocol of Auth.js over axum.
