//! A first call with a new token, to be pasted as it is.

use keypurse_core::secret::TokenSecret;

/// Where there is no address to be told, or no model.
const SOME_ORIGIN: &str = "http://127.0.0.1:8787";
const SOME_MODEL: &str = "openai/gpt-4o-mini";

/// The same call in three languages.
pub(super) struct Snippets {
    pub(super) curl: String,
    pub(super) python: String,
    pub(super) node: String,
}

impl Snippets {
    /// Nothing here needs quoting: an origin and a secret are of plain
    /// characters, and a model is written as JSON is.
    pub(super) fn of(origin: Option<&str>, secret: &TokenSecret, model: Option<&str>) -> Self {
        let base = format!("{}/v1", origin.unwrap_or(SOME_ORIGIN));
        let model = model.filter(|model| is_plain(model)).unwrap_or(SOME_MODEL);
        let secret = secret.expose();
        Self {
            curl: format!(
                "curl {base}/chat/completions \\\n  \
                   -H 'Authorization: Bearer {secret}' \\\n  \
                   -H 'Content-Type: application/json' \\\n  \
                   -d '{{\"model\": \"{model}\", \"messages\": \
                 [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'"
            ),
            python: format!(
                "# pip install openai\n\
                 from openai import OpenAI\n\n\
                 client = OpenAI(base_url=\"{base}\", api_key=\"{secret}\")\n\
                 answer = client.chat.completions.create(\n    \
                     model=\"{model}\",\n    \
                     messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}],\n\
                 )\n\
                 print(answer.choices[0].message.content)"
            ),
            node: format!(
                "// npm install openai; save as hello.mjs\n\
                 import OpenAI from \"openai\";\n\n\
                 const client = new OpenAI({{ baseURL: \"{base}\", apiKey: \"{secret}\" }});\n\
                 const answer = await client.chat.completions.create({{\n  \
                   model: \"{model}\",\n  \
                   messages: [{{ role: \"user\", content: \"Hello\" }}],\n\
                 }});\n\
                 console.log(answer.choices[0].message.content);"
            ),
        }
    }
}

/// Whether a name means itself in a shell and between quotes.
fn is_plain(model: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._:@".contains(&byte);
    model.bytes().all(is_plain)
}
