//! Vocabulary beyond the `oauth2` crate: secrets, strict JSON, metadata, signed tokens, the profile.

mod certificate;
pub mod jose;
pub mod json;
mod metadata;
mod profile;
mod secret;

pub use certificate::{CertificateError, ClientCertificate};
pub use metadata::{MetadataError, ServerMetadata};
pub use profile::{ABOUT_THE_TOKEN, Profile};
pub use secret::Secret;
