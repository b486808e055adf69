//! From a call that is understood to one that its token's rules permit.

use std::net::IpAddr;

use keypurse_core::rules::Rules;
use keypurse_store::TokenCredential;

use super::permit::Permit;
use super::refused::Refused;
use crate::gateway::state::Gateway;
use crate::state::AppState;

/// A call as rules see it.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Wanted<'a> {
    /// Where it comes from.
    pub(in crate::gateway) address: IpAddr,
    /// Who would serve it.
    pub(in crate::gateway) provider: &'a str,
    /// The model's name at that provider.
    pub(in crate::gateway) model: &'a str,
}

/// Lets a call be made, or says which rule forbids it. The account's own key
/// has no rules.
///
/// The permit is held until the call is over, and told what it used.
pub(in crate::gateway) fn admit(
    state: &AppState,
    token: Option<&TokenCredential>,
    wanted: &Wanted<'_>,
) -> Result<Permit, Refused> {
    let Some(token) = token else {
        return Ok(Permit::unlimited());
    };
    let Some(rules) = &token.settings.rules else {
        return Ok(Permit::unlimited());
    };
    check_address(rules, wanted.address)?;
    check_model(&state.gateway, rules, wanted)?;
    Permit::take(state, token.token, rules.limits)
}

/// Lets what is no call of a model be asked for, from where it is.
pub(in crate::gateway) fn admit_address(
    token: Option<&TokenCredential>,
    address: IpAddr,
) -> Result<(), Refused> {
    let rules = token.and_then(|token| token.settings.rules.as_ref());
    rules.map_or(Ok(()), |rules| check_address(rules, address))
}

fn check_address(rules: &Rules, address: IpAddr) -> Result<(), Refused> {
    if rules.permit_address(address) {
        Ok(())
    } else {
        Err(Refused::Address(address.to_canonical()))
    }
}

/// Whether a token's rules let it call a model, from wherever and however
/// often.
pub(in crate::gateway) fn permits_model(
    gateway: &Gateway,
    token: Option<&TokenCredential>,
    wanted: &Wanted<'_>,
) -> Result<(), Refused> {
    match token.and_then(|token| token.settings.rules.as_deref()) {
        Some(rules) => check_model(gateway, rules, wanted),
        None => Ok(()),
    }
}

/// A denied model has one more name to be found by: the catalogue's.
fn check_model(gateway: &Gateway, rules: &Rules, wanted: &Wanted<'_>) -> Result<(), Refused> {
    let Wanted {
        provider, model, ..
    } = wanted;
    if !rules.concern_models() {
        return Ok(());
    }
    let known = gateway.catalogue.find(provider, model);
    let own = known.map_or(*model, |known| known.id);
    let (name, own_name) = (format!("{provider}/{model}"), format!("{provider}/{own}"));
    if rules.permit_model(&name, &own_name) {
        Ok(())
    } else {
        Err(Refused::Model { name })
    }
}
