use proptest::prelude::*;

use super::*;
use std::net::IpAddr;

fn patterns(texts: &[&str]) -> Vec<ModelPattern> {
    let parse = |text: &&str| ModelPattern::parse(text).unwrap();
    texts.iter().map(parse).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    ModelPattern::parse(pattern).unwrap().matches(name)
}

fn network(text: &str) -> Result<String, NetworkError> {
    Network::parse(text).map(|network| network.to_string())
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_star_stands_for_anything_and_all_else_for_itself() {
    for (pattern, name, expected) in [
        ("openai/*", "openai/gpt-5", true),
        ("openai/*", "openai/", true),
        ("openai/*", "openai-eu/gpt-5", false),
        ("openai/*", "azure/openai/gpt-5", false),
        ("*/gpt-5*", "openai/gpt-5", true),
        ("*/gpt-5*", "openrouter/openai/gpt-5-mini", true),
        ("*/gpt-5*", "gpt-5", false),
        ("*/gpt-5*", "openai/gpt-4", false),
        ("openai/gpt-5", "openai/gpt-5", true),
        ("openai/gpt-5", "openai/gpt-5-mini", false),
        ("openai/gpt-5", "x/openai/gpt-5", false),
        ("OpenAI/GPT-5", "openai/gpt-5", true),
        ("openai/gpt-5", "OpenAI/GPT-5", true),
        ("*", "anything/at/all", true),
        ("**", "", true),
        ("a/*b*b", "a/b", false),
        ("a/*b*b", "a/bb", true),
        ("a/b*b", "a/b", false),
        ("*/x*y*z", "a/x-y-y-z", true),
        ("*/x*y*z", "a/x-z-y", false),
        ("a/b.c?", "a/bxcy", false),
        ("a/*", "a/É", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
    }
}

#[test]
fn a_pattern_that_could_not_match_is_refused_with_its_reason() {
    use ModelPatternError::{Blank, Character, NoProvider, TooLong};
    let (longest, too_long) = (
        format!("a/{}", "b".repeat(198)),
        format!("a/{}", "b".repeat(199)),
    );
    for (text, expected) in [
        ("", Err(Blank)),
        (too_long.as_str(), Err(TooLong)),
        (longest.as_str(), Ok(())),
        ("a/ b", Err(Character)),
        ("a/b\n", Err(Character)),
        ("a/é", Err(Character)),
        ("gpt-5", Err(NoProvider)),
        ("gpt-5*", Err(NoProvider)),
        ("/gpt-5", Err(NoProvider)),
        ("openai/", Err(NoProvider)),
        ("/", Err(NoProvider)),
        ("a", Err(NoProvider)),
        ("*", Ok(())),
        ("*gpt-5", Ok(())),
        ("a/b", Ok(())),
    ] {
        assert_eq!(ModelPattern::parse(text).map(drop), expected, "{text}");
    }
}

#[test]
fn deny_beats_allow_and_an_alias_is_denied_as_its_model_is() {
    let rules = Rules {
        allowed_models: patterns(&["openai/*", "mistral/large"]),
        denied_models: patterns(&["*/gpt-5*"]),
        ..Rules::default()
    };
    for (name, own_name, expected) in [
        ("openai/gpt-4o", "openai/gpt-4o", true),
        ("mistral/large", "mistral/large-2", true),
        ("mistral/small", "mistral/small", false),
        ("openai/gpt-5-mini", "openai/gpt-5-mini", false),
        ("openai/best", "openai/gpt-5", false),
        ("openai/gpt-5", "openai/best", false),
        ("mistral/newest", "mistral/large", false),
    ] {
        assert_eq!(rules.permit_model(name, own_name), expected, "{name}");
    }
    assert!(Rules::default().permit_model("any/model", "any/model"));
    let all_but = Rules {
        denied_models: patterns(&["a/b"]),
        ..Rules::default()
    };
    assert!(all_but.permit_model("a/c", "a/c") && !all_but.permit_model("a/b", "a/b"));
}

#[test]
fn a_network_is_read_in_cidr_notation_and_shown_so() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7/32", "203.0.113.7/32"),
        ("2001:DB8:0:0::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("::1", "::1/128"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
    ] {
        assert_eq!(network(text).as_deref(), Ok(shown), "{text}");
    }
}

#[test]
fn what_is_no_network_is_refused_with_its_reason() {
    use NetworkError::{Address, HostBits, Prefix};
    let meant = |text: &str| Err(HostBits(Network::parse(text).unwrap()));
    for (text, expected) in [
        ("", Err(Address)),
        ("localhost", Err(Address)),
        ("10.0.0", Err(Address)),
        ("10.0.0.256", Err(Address)),
        ("010.0.0.0/8", Err(Address)),
        ("fe80::1%eth0", Err(Address)),
        ("[::1]", Err(Address)),
        (" 10.0.0.0/8", Err(Address)),
        ("10.0.0.0/", Err(Prefix { most: 32 })),
        ("10.0.0.0/33", Err(Prefix { most: 32 })),
        ("10.0.0.0/+8", Err(Prefix { most: 32 })),
        ("10.0.0.0/-1", Err(Prefix { most: 32 })),
        ("10.0.0.0/8/8", Err(Prefix { most: 32 })),
        ("10.0.0.0/255.0.0.0", Err(Prefix { most: 32 })),
        ("::/129", Err(Prefix { most: 128 })),
        ("10.0.0.5/8", meant("10.0.0.0/8")),
        ("2001:db8::1/32", meant("2001:db8::/32")),
        ("::ffff:10.0.0.5/104", meant("10.0.0.0/8")),
        ("1.2.3.4/0", meant("0.0.0.0/0")),
    ] {
        assert_eq!(network(text), expected, "{text}");
    }
}

#[test]
fn an_address_is_in_the_networks_that_begin_as_it_does() {
    for (network, inside, outside) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("203.0.113.7", "203.0.113.7", "203.0.113.6"),
        ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("::/0", "2001:db8::1", "10.0.0.1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "::a01:203"),
    ] {
        let rules = Rules {
            allowed_networks: vec![Network::parse(network).unwrap()],
            ..Rules::default()
        };
        assert!(rules.permit_address(address(inside)), "{inside} {network}");
        assert!(
            !rules.permit_address(address(outside)),
            "{outside} {network}"
        );
    }
    assert!(Rules::default().permit_address(address("192.0.2.1")));
}

#[test]
fn a_tag_is_trimmed_and_anything_printable_is_allowed() {
    let long = "é".repeat(101);
    for (text, expected) in [
        (" team a ", Ok("team a")),
        ("Ключ 🔑", Ok("Ключ 🔑")),
        (" \t", Err(TagError::Blank)),
        ("a\u{7}b", Err(TagError::ControlCharacter)),
        (&long, Err(TagError::TooLong)),
        (&long[2..], Ok(&long[2..])),
    ] {
        let tag = Tag::parse(text);
        assert_eq!(tag.as_ref().map(Tag::as_str), expected.as_ref().copied());
    }
}

/// The definition, word for word: slow, and right by reading.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skipped| fits(rest, &name[skipped..])),
        Some((byte, rest)) => name.first() == Some(byte) && fits(rest, &name[1..]),
    }
}

proptest! {
    #[test]
    fn a_pattern_matches_as_its_definition_says(
        pattern in "[ab*]{0,4}/[ab*]{1,6}", name in "[ab/]{0,9}",
    ) {
        if let Ok(parsed) = ModelPattern::parse(&pattern) {
            let expected = fits(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(parsed.matches(&name), expected);
        }
    }

    #[test]
    fn a_network_has_the_addresses_that_share_its_prefix(
        bits in any::<u128>(), other in any::<u128>(), shift in 1_u32..128, prefix in 0_u8..=128,
    ) {
        let of = |bits: u128| IpAddr::from(bits.to_be_bytes());
        // The first bit keeps both out of the IPv4 addresses, another family.
        let first = 1_u128 << 127;
        let (one, two) = (bits | first, (bits | first) ^ ((other | first) >> shift));
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        let network = Network::parse(&format!("{}/{prefix}", of(one & mask))).unwrap();
        prop_assert!(network.contains(of(one)));
        prop_assert_eq!(network.contains(of(two)), one & mask == two & mask);
        prop_assert_eq!(Network::parse(&network.to_string()), Ok(network));
    }
}
