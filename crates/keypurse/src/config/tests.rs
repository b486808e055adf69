use keypurse_core::price::{ImageKind, Rate};
use keypurse_core::usage::Class;
use keypurse_testkit::fuzz::Mutator;

use super::file::{ConfigFile, Problem};
use super::merge::Config;
use super::reference;
use crate::cli::serve::ServeArgs;
use crate::cli::{Cli, Command};

fn merged(file: &str, change: impl FnOnce(&mut ServeArgs)) -> Result<Config, String> {
    merged_with(file, change, &|_| None)
}

fn merged_with(
    file: &str,
    change: impl FnOnce(&mut ServeArgs),
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, String> {
    let mut args = ServeArgs::default();
    change(&mut args);
    let file = ConfigFile::parse(file).map_err(|problem| problem.what)?;
    Config::merge(&args, &file, environment).map_err(|error| {
        error
            .chain()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" / ")
    })
}

fn refused(file: &str, change: impl FnOnce(&mut ServeArgs)) -> String {
    merged(file, change).expect_err("a bad configuration")
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let default = merged("", |_| {}).unwrap();
    assert_eq!(default.listen.to_string(), "127.0.0.1:8787");
    let file = merged("listen = \"127.0.0.1:1\"", |_| {}).unwrap();
    assert_eq!(file.listen.to_string(), "127.0.0.1:1");
    let flag = merged("listen = \"127.0.0.1:1\"", |args| {
        args.listen = Some("127.0.0.1:2".to_owned());
    });
    assert_eq!(flag.unwrap().listen.to_string(), "127.0.0.1:2");
}

#[test]
fn a_switch_takes_the_words_people_write() {
    use clap::Parser;
    for (argument, expected) in [
        ("--demo", Some(true)),
        ("--demo=1", Some(true)),
        ("--demo=yes", Some(true)),
        ("--demo=off", Some(false)),
        ("--behind-proxy", None),
    ] {
        let cli = Cli::try_parse_from(["keypurse", "serve", argument]).unwrap();
        let Command::Serve(args) = cli.command else {
            panic!("not serve")
        };
        assert_eq!(args.demo, expected, "{argument}");
    }
}

#[test]
fn an_unknown_setting_names_its_line_and_the_nearest() {
    let problem = ConfigFile::parse("demo = true\n\nlisten_on = \"x\"\n").unwrap_err();
    assert_eq!(problem.line, 3);
    assert_eq!(problem.what, "unknown setting `listen_on`");
    assert!(problem.remedy.contains("`listen`"), "{}", problem.remedy);
    let nested = ConfigFile::parse("[providers.a]\nbase_uri = \"x\"\n").unwrap_err();
    assert!(nested.remedy.contains("`base_url`"), "{}", nested.remedy);
    let Problem { line, .. } = ConfigFile::parse("demo = true\nlog = 5\n").unwrap_err();
    assert_eq!(line, 2);
}

#[test]
fn keys_never_travel_in_the_clear_beyond_this_machine() {
    let elsewhere = |args: &mut ServeArgs| args.listen = Some("0.0.0.0:80".to_owned());
    assert!(refused("", elsewhere).contains("--behind-proxy"));
    assert!(merged("behind_proxy = true", elsewhere).is_ok());
    assert!(merged("tls_cert = \"c\"\ntls_key = \"k\"", elsewhere).is_ok());
    assert!(refused("tls_cert = \"c\"", elsewhere).contains("--tls-key"));
}

#[test]
fn bad_values_say_what_to_write_instead() {
    for (file, expected) in [
        ("listen = \"8787\"", "write host:port"),
        ("time_zone = \"Mars\"", "Europe/Paris"),
        ("[providers.X]\nbase_url = \"http://h\"", "lower-case"),
        ("[providers.x]", "base_url is missing"),
        (
            "[providers.x]\nkind = \"soap\"\nbase_url = \"http://h\"",
            "kind `soap`",
        ),
        (
            "[providers.x]\nbase_url = \"http://h\"\napi_key_env = \"NOT_SET\"",
            "NOT_SET",
        ),
        (
            "[providers.x]\nbase_url = \"http://h\"\napi_key = \"a\"\napi_key_env = \"B\"",
            "one of",
        ),
        (
            "[[prices]]\nmodel = \"m\"\ninput_per_million = \"1\"\noutput_per_million = \"1\"",
            "provider/model",
        ),
        (
            "[[prices]]\nmodel = \"a/m\"\ninput_per_million = \"$1\"\noutput_per_million = \"1\"",
            "like \"0.50\"",
        ),
        (
            "[[prices]]\nmodel = \"a/m\"\ninput_per_million = \"-1\"\noutput_per_million = \"1\"",
            "negative",
        ),
        (
            "[[prices]]\nmodel = \"a/m\"\ninput_per_million = \"1\"",
            "or what its calls are measured in",
        ),
        (
            "[[prices]]\nmodel = \"a/m\"\nper_image = \"99999\"",
            "too large",
        ),
        (
            "[[prices]]\nmodel = \"a/m\"\nper_image = \"1\"\nimages = [{ price = \"2\" }]",
            "not both",
        ),
        (
            "[[prices]]\nmodel = \"a/m\"\nimages = [{ size = \"1x1\", price = \"x\" }]",
            "price = \"x\"",
        ),
    ] {
        let message = refused(file, |_| {});
        assert!(
            message.contains(expected),
            "`{message}` does not say `{expected}`"
        );
    }
}

#[test]
fn a_limit_of_nothing_is_refused_before_it_forgets_or_refuses_everything() {
    use clap::Parser;
    for setting in [
        "retention_days",
        "max_body_mib",
        "default_max_output_tokens",
        "max_connections",
    ] {
        let message = refused(&format!("{setting} = 0"), |_| {});
        assert!(message.contains("nonzero"), "{setting}: {message}");
        let flag = format!("--{}=0", setting.replace('_', "-"));
        let parsed = Cli::try_parse_from(["keypurse", "serve", &flag]);
        let message = parsed.expect_err("nothing").to_string();
        assert!(message.contains(&flag[..flag.len() - 2]), "{message}");
        assert!(message.contains("zero"), "{message}");
        assert!(
            merged(&format!("{setting} = 1"), |_| {}).is_ok(),
            "{setting}"
        );
    }
}

#[test]
fn an_alias_is_a_model_or_a_list_of_them() {
    let file = "[aliases]\nfast = \"a/m\"\nbest = [\"a/m\", \"b/m\"]\n\
                [providers.x]\nbase_url = \"http://h\"\nmax_concurrency = 3";
    let gateway = merged(file, |_| {}).unwrap().gateway;
    let list = |models: &[&str]| models.iter().map(|model| (*model).to_owned()).collect();
    let expected = [("best", list(&["a/m", "b/m"])), ("fast", list(&["a/m"]))];
    let expected = expected.map(|(name, models): (&str, Vec<String>)| (name.to_owned(), models));
    assert_eq!(gateway.aliases, expected.into());
    assert_eq!(gateway.max_concurrency["x"].get(), 3);
    let wrong = refused("[aliases]\nfast = 3", |_| {});
    assert!(wrong.contains("or for a list of them"), "{wrong}");
}

#[test]
fn a_provider_configures_itself_when_its_variable_is_set() {
    let environment = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-test".to_owned());
    let names = |file: &str| -> Vec<String> {
        let config = merged_with(file, |_| {}, &environment).unwrap();
        config
            .gateway
            .providers
            .into_iter()
            .map(|provider| provider.name)
            .collect()
    };
    assert_eq!(names(""), ["openai"]);
    assert_eq!(
        names("[providers.openai]\nbase_url = \"http://127.0.0.1:1\""),
        ["openai"]
    );
    assert_eq!(names("demo = true"), ["openai", "demo"]);
    assert!(merged("", |_| {}).unwrap().gateway.providers.is_empty());
}

/// Names, base URLs and whether a key is known, of all that is configured.
fn known(file: &str, variables: &[(&str, &str)]) -> Vec<(String, String, bool)> {
    use keypurse_server::gateway::ProviderKind;
    let environment = |name: &str| {
        let variable = variables.iter().find(|(known, _)| *known == name);
        variable.map(|(_, value)| (*value).to_owned())
    };
    let config = merged_with(file, |_| {}, &environment).unwrap();
    let providers = config.gateway.providers.into_iter();
    let shown = providers.map(|provider| match provider.kind {
        ProviderKind::Http(upstream) => {
            (provider.name, upstream.base_url, upstream.api_key.is_some())
        }
        ProviderKind::Demo => panic!("over HTTP"),
    });
    shown.collect()
}

#[test]
fn a_provider_that_is_elsewhere_for_everybody_wants_to_know_where() {
    let key = ("AZURE_OPENAI_API_KEY", "secret");
    let azure = |url: &str, has_key| vec![("azure".to_owned(), url.to_owned(), has_key)];
    let here = "https://here.openai.azure.com/openai/v1";
    for endpoint in [
        "https://here.openai.azure.com",
        "https://here.openai.azure.com/",
        "https://here.openai.azure.com/openai/v1/",
    ] {
        let variables = [key, ("AZURE_OPENAI_ENDPOINT", endpoint)];
        assert_eq!(known("", &variables), azure(here, true), "{endpoint}");
    }
    assert_eq!(known("", &[key]), []);
    let file = "[providers.azure]\nbase_url = \"https://h/openai/v1\"";
    assert_eq!(known(file, &[key]), azure("https://h/openai/v1", true));
    let missing = refused("[providers.azure]", |_| {});
    assert!(
        missing.contains("or set AZURE_OPENAI_ENDPOINT"),
        "{missing}"
    );
}

#[test]
fn a_provider_on_this_machine_is_there_when_the_file_says_so() {
    let variables = [("OLLAMA_API_KEY", "secret"), ("VLLM_API_KEY", "secret")];
    assert_eq!(known("", &variables), []);
    let file = "[providers.ollama]\n[providers.vllm]\n[providers.\"llama.cpp\"]\nfree = true";
    let expected = [
        ("llama.cpp", "http://127.0.0.1:8080/v1", false),
        ("ollama", "http://127.0.0.1:11434/v1", true),
        ("vllm", "http://127.0.0.1:8000/v1", true),
    ];
    let expected = expected.map(|(name, url, key)| (name.to_owned(), url.to_owned(), key));
    assert_eq!(known(file, &variables), expected);
    let free = merged(file, |_| {}).unwrap().gateway.providers;
    let free: Vec<bool> = free.iter().map(|provider| provider.free).collect();
    assert_eq!(free, [true, false, false]);
}

#[test]
fn every_well_known_provider_has_a_name_and_a_place_of_its_own() {
    use keypurse_providers::presets::PRESETS;
    let mut names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
    let mut places: Vec<_> = PRESETS.iter().map(|preset| preset.base_url).collect();
    for list in [&mut names, &mut places] {
        let all = list.len();
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), all, "{list:?}");
    }
    for name in ["azure", "cohere", "llama.cpp", "ollama", "vllm"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn what_a_model_thought_goes_back_to_providers_that_want_to_see_it() {
    use keypurse_server::gateway::ProviderKind;
    let wants = |file: &str| {
        let key = |name: &str| name.ends_with("_API_KEY").then(|| "k".to_owned());
        let config = merged_with(file, |_| {}, &key).unwrap();
        let providers = config.gateway.providers.into_iter();
        let kept = providers.filter(|provider| match &provider.kind {
            ProviderKind::Http(upstream) => upstream.wants_reasoning,
            ProviderKind::Demo => false,
        });
        let mut names: Vec<_> = kept.map(|provider| provider.name).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(wants(""), ["deepseek", "moonshotai", "zai"]);
    let file = "[providers.deepseek]\nreasoning_content = false\n\
                [providers.own]\nbase_url = \"http://127.0.0.1:1\"\nreasoning_content = true";
    assert_eq!(wants(file), ["moonshotai", "own", "zai"]);
}

#[test]
fn a_provider_speaks_its_own_dialect_unless_another_is_written() {
    use keypurse_server::gateway::{Dialect, ProviderKind};
    for (file, variable, dialect, base_url) in [
        (
            "",
            "ANTHROPIC_API_KEY",
            Dialect::Anthropic,
            "https://api.anthropic.com/v1",
        ),
        (
            "[providers.anthropic]\nkind = \"openai\"",
            "",
            Dialect::OpenAi,
            "https://api.anthropic.com/v1",
        ),
        (
            "",
            "GEMINI_API_KEY",
            Dialect::OpenAi,
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        (
            "[providers.google]\nkind = \"gemini\"",
            "GEMINI_API_KEY",
            Dialect::Gemini,
            "https://generativelanguage.googleapis.com/v1beta",
        ),
        (
            "[providers.x]\nkind = \"gemini\"\nbase_url = \"http://h/\"",
            "",
            Dialect::Gemini,
            "http://h",
        ),
    ] {
        let environment = |name: &str| (name == variable).then(|| "secret".to_owned());
        let config = merged_with(file, |_| {}, &environment).unwrap();
        let [provider] = &config.gateway.providers[..] else {
            panic!("one provider: {file}")
        };
        let ProviderKind::Http(upstream) = &provider.kind else {
            panic!("over HTTP: {file}")
        };
        assert_eq!(upstream.dialect, dialect, "{file}");
        assert_eq!(upstream.base_url, base_url, "{file}");
        assert_eq!(upstream.api_key.is_some(), !variable.is_empty(), "{file}");
    }
    let refused = refused("[providers.openai]\nkind = \"gemini\"", |_| {});
    assert!(refused.contains("base_url is missing"), "{refused}");
}

#[test]
fn the_configuration_reference_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let generated = reference::markdown();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        stored, generated,
        "run UPDATE_SNAPSHOTS=1 cargo test -p keypurse"
    );
}

#[test]
fn what_is_no_token_has_a_price_in_the_file() {
    let file = r#"
        [[prices]]
        model = "a/speaker"
        per_million_characters = "15"
        output_per_minute = "0.015"

        [[prices]]
        model = "a/listener"
        input_per_minute = "0.006"
        input_audio_per_million = "6"

        [[prices]]
        model = "a/painter"
        images = [{ quality = "low", price = "0.01" }, { size = "1024x1024", price = "0.04" }]
    "#;
    let config = merged(file, |_| {}).unwrap();
    let told = config.gateway.prices.iter().map(|price| {
        let rates = price.price.bands()[0].rates;
        let stated = Class::ALL.into_iter().filter_map(|class| {
            let rate = rates.of(class).filter(|rate| *rate != Rate::FREE)?;
            let dollars = rate.dollars_per_million();
            Some(format!("{} {dollars}", class.as_str()))
        });
        stated.collect::<Vec<_>>().join(", ")
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "characters 15.0, output_seconds 250.0",
            "input_audio 6.0, input_seconds 100.0",
            "images 40000.0",
        ]
    );
    let images = &config.gateway.prices[2].images;
    let low = ImageKind {
        quality: Some("low"),
        size: Some("512x512"),
    };
    let dollars = images.dearest(low).unwrap().dollars_per_million();
    assert_eq!(dollars.to_string(), "10000.0");
}

#[test]
fn h12_no_text_breaks_the_reader_of_the_configuration() {
    let seed = "demo = true\nmax_body_mib = 3\n[aliases]\na = [\"b/c\"]\n[providers.x]\n\
                kind = 'openai'\nbase_url = \"http://h\"\n[[prices]]\nmodel = \"x/m\"\n\
                images = [{ price = \"1\" }]\n";
    let texts = Mutator::new(vec![seed.as_bytes().to_vec()], 1);
    for _ in 0..2_000 {
        let text = String::from_utf8_lossy(&texts.next_input()).into_owned();
        if let Err(problem) = ConfigFile::parse(&text) {
            assert!(
                (1..=text.lines().count().max(1) + 1).contains(&problem.line),
                "{text:?}"
            );
            assert!(
                !problem.what.is_empty() && !problem.remedy.is_empty(),
                "{text:?}"
            );
        }
    }
}

#[test]
fn webhooks_lead_to_private_networks_only_where_that_is_allowed() {
    let permits = |config: &Config| config.webhooks.permits("10.1.2.3".parse().unwrap());
    assert!(!permits(&merged("", |_| {}).unwrap()));
    let file = "allow_private_webhooks = [\"10.0.0.0/8\", \"::1\"]";
    assert!(permits(&merged(file, |_| {}).unwrap()));
    let flag = merged(file, |args| {
        args.allow_private_webhooks = Some(vec!["192.168.0.0/16".to_owned()]);
    });
    assert!(!permits(&flag.unwrap()));
    let wrong = refused("allow_private_webhooks = [\"10.0.0.1/8\"]", |_| {});
    assert!(
        wrong.contains("`10.0.0.1/8` is no network: the network is 10.0.0.0/8"),
        "{wrong}"
    );
}
