//! Images and sounds.

mod edits;
mod paintings;
mod speech;
mod transcriptions;

use bytes::Bytes;
use keypurse_core::price::{ImageKind, ImagePrices, Price, Rate, Rates};
use keypurse_server::gateway::ModelPrice;
use keypurse_testkit::TestRequest;
use keypurse_testkit::upstream::ScriptedUpstream;
use serde_json::Value;

use super::{Shop, config, dollars, price, rate};

const BOUNDARY: &str = "b0undary";

/// A shop whose models are paid for by something else than text:
///
/// | `up/…` | costs |
/// |---|---|
/// | `speaker` | $15 per million characters |
/// | `talker` | $1 per million tokens of text, $10 of sound |
/// | `clock` | $0.06 a minute of sound made: a millidollar a second |
/// | `listener` | $0.06 a minute of sound listened to |
/// | `hearer` | $1 per million tokens of text, $5 of sound, $10 written |
/// | `painter` | $0.04 an image in standard quality, $0.08 in hd |
/// | `drawer` | $1 per million tokens, $5 of images, $10 of images made |
async fn shop(balance: &str) -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    let seconds = Rate::per_units(dollars("0.06"), 60);
    let free = Rates::default();
    let speaker = Rates {
        characters: Some(rate("15")),
        ..free
    };
    let talker = Rates {
        input: rate("1"),
        output: rate("10"),
        ..free
    };
    let clock = Rates {
        output_seconds: seconds,
        ..free
    };
    let listener = Rates {
        input_seconds: seconds,
        ..free
    };
    let hearer = Rates {
        input: rate("1"),
        input_audio: Some(rate("5")),
        output: rate("10"),
        ..free
    };
    let drawer = Rates {
        input: rate("1"),
        input_image: Some(rate("5")),
        output: rate("2"),
        output_image: Some(rate("10")),
        ..free
    };
    for (model, rates) in [
        ("speaker", speaker),
        ("talker", talker),
        ("clock", clock),
        ("listener", listener),
        ("hearer", hearer),
        ("drawer", drawer),
    ] {
        config.prices.push(ModelPrice {
            price: Price::flat(rates),
            max_input_tokens: Some(2000),
            ..price(model, "0", "0")
        });
    }
    config.prices.push(painter());
    Shop::of(upstream, config, balance).await
}

fn painter() -> ModelPrice {
    let kind = |quality| ImageKind {
        quality: Some(quality),
        size: None,
    };
    let each = |text| Rate::per_unit(dollars(text)).unwrap();
    let images = ImagePrices::default()
        .with(kind("standard"), each("0.04"))
        .with(kind("hd"), each("0.08"));
    let dearest = images.dearest(ImageKind::default()).unwrap();
    ModelPrice {
        price: Price::free().with_images_at(dearest),
        images,
        ..price("painter", "0", "0")
    }
}

/// A form's body: fields as they are named, files where there is a file name.
fn form(fields: &[(&str, &str)]) -> String {
    let parts = fields.iter().map(|(name, content)| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name={name}\r\n\r\n{content}\r\n")
    });
    parts.collect::<String>() + &format!("--{BOUNDARY}--\r\n")
}

impl Shop {
    fn form(&self, path: &str, body: impl Into<Bytes>) -> TestRequest<'_> {
        self.form_of(BOUNDARY, path, body)
    }

    fn form_of(&self, boundary: &str, path: &str, body: impl Into<Bytes>) -> TestRequest<'_> {
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let call = self.app.post(path).key(&self.secret);
        call.header("content-type", &content_type).body(body)
    }

    /// The newest call of the token's statement.
    async fn newest_call(&self) -> Value {
        self.app.settled().await;
        let path = "/v2/user/custom_token/t/ledger/";
        let statement = self.app.get(path).send().await.json();
        statement["lines"][0]["call"].clone()
    }
}
