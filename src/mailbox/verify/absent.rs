//! A build without the feature `dkim`: the configuration refuses `verify`, and nothing is checked.

use crate::config::Verify;
use crate::mail::signature::Signature;

pub(super) enum Verifier {}

impl Verifier {
    pub(super) fn new(_: Option<&Verify>, _: &str) -> Option<Verifier> {
        None
    }

    pub(super) fn trouble(&mut self) -> Option<String> {
        match *self {}
    }

    pub(super) async fn check(&mut self, _: &[&[u8]]) -> Vec<Signature> {
        match *self {}
    }
}
