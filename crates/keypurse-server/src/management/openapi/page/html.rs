//! Text into a page: all of it escaped but what is ours.

use serde_json::Value;

/// A page that is being written.
#[derive(Debug, Default)]
pub(super) struct Html {
    text: String,
}

impl Html {
    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.text.push_str(markup);
    }

    /// Anything else.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                c => self.text.push(c),
            }
        }
    }

    /// A text in an element without attributes.
    pub(super) fn element(&mut self, name: &'static str, text: &str) {
        self.raw("<");
        self.raw(name);
        self.raw(">");
        self.text(text);
        self.raw("</");
        self.raw(name);
        self.raw(">");
    }

    /// A paragraph, what stands in backticks as code; nothing for no text.
    pub(super) fn prose(&mut self, text: &str) {
        if !text.is_empty() {
            self.raw("<p>");
            self.inline(text);
            self.raw("</p>");
        }
    }

    /// A text, what stands in backticks as code.
    pub(super) fn inline(&mut self, text: &str) {
        for (place, part) in text.split('`').enumerate() {
            if place % 2 == 1 {
                self.element("code", part);
            } else {
                self.text(part);
            }
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A text, or nothing where there is none.
pub(super) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn only_our_own_markup_is_markup() {
        let mut page = Html::default();
        page.prose("a <b> & `<i>` \"c\" 'd'");
        assert_eq!(
            page.finish(),
            "<p>a &lt;b&gt; &amp; <code>&lt;i&gt;</code> &quot;c&quot; &#39;d&#39;</p>"
        );
    }
}
