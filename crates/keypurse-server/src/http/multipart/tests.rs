use bytes::Bytes;
use proptest::prelude::*;

use super::{Form, FormError, Limits, without_boundary};

const TYPE: &str = "multipart/form-data; boundary=b1";
const LIMITS: Limits = Limits {
    fields: 4,
    text_bytes: 100,
    file_bytes: 200,
};

fn part(head: &str, content: &str) -> String {
    format!("--b1\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

fn read(body: &str) -> Result<Form, FormError> {
    Form::read(TYPE, Bytes::copy_from_slice(body.as_bytes()), LIMITS)
}

fn form(parts: &[String]) -> Result<Form, FormError> {
    read(&format!("{}--b1--\r\n", parts.concat()))
}

fn is_malformed(read: &Result<Form, FormError>) -> bool {
    matches!(read, Err(FormError::Malformed(_)))
}

#[test]
fn fields_and_files_are_found_where_they_stand() {
    let file = "--b1\r\ncontent-disposition: form-data; filename=\"ä.wav\"; name=\"file\"\r\n\
                Content-Type: audio/wav\r\n\r\n\r\nRI\r\n--b\r\n\r\n";
    let list = part("name=\"include[]\"", "logprobs");
    let whole = form(&[part("name=model", "whisper-1"), file.to_owned(), list]).unwrap();
    let names: Vec<_> = whole.names().collect();
    assert_eq!(names, ["model", "file", "include[]"]);
    assert_eq!(whole.text("model"), Ok(Some("whisper-1")));
    assert_eq!(whole.text("prompt"), Ok(None));
    let files = whole.files("file").unwrap();
    assert_eq!(files, [Bytes::from_static(b"\r\nRI\r\n--b\r\n")]);
    assert_eq!(whole.files("mask"), Ok(Vec::new()));
    assert_eq!(whole.text_bytes(), "whisper-1logprobs".len());
    let swapped = whole.text("file").unwrap_err();
    assert_eq!(swapped.to_string(), "the field `file` must be a text");
    assert!(whole.files("model").is_err());
}

#[test]
fn a_field_is_left_out_and_every_other_byte_stays() {
    let parts = |names: &[&str]| -> Vec<String> {
        let head = |name: &&str| part(&format!("name={name}"), "x");
        names.iter().map(head).collect()
    };
    let without = |names: &[&str]| form(&parts(names)).unwrap().without(|name| name == "a");
    let whole = |names: &[&str]| form(&parts(names)).unwrap().body().clone();
    for (names, left) in [
        (&["a", "b", "c"][..], &["b", "c"][..]),
        (&["b", "a", "c"], &["b", "c"]),
        (&["b", "c", "a"], &["b", "c"]),
        (&["b"], &["b"]),
        (&["a"], &[]),
    ] {
        assert_eq!(without(names), whole(left), "{names:?}");
    }
}

#[test]
fn a_field_comes_once_and_a_list_as_often_as_it_likes() {
    let model = part("name=\"model\"", "a");
    let twice = form(&[model.clone(), model]).unwrap_err();
    assert_eq!(twice, FormError::Repeated("model".to_owned()));
    let image = part("name=\"image[]\"; filename=\"a.png\"", "x");
    let images = form(&[image.clone(), image]).unwrap().files("image[]");
    assert_eq!(images.unwrap().len(), 2);
}

#[test]
fn a_field_stands_where_its_content_is_and_no_boundary_is_in_it() {
    let before = part("name=\"model\"", "openai/whisper-1");
    let file = |mark: &str| {
        part(
            "name=\"file\"; filename=\"a\"",
            &format!("\0\r\n--{mark}\n"),
        )
    };
    let text = |mark: &str| format!("{before}{}--b1--", file(mark));
    let whole = read(&text("b2x")).unwrap();
    let place = whole.place("model").unwrap();
    assert_eq!(&text("b2x")[place], "openai/whisper-1");
    assert_eq!(whole.place("prompt"), None);
    assert_eq!(whole.body(), text("b2x").as_bytes());
    assert!(is_malformed(&read(&text("b1x"))));
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    let good = part("name=\"model\"", "a");
    for body in [
        String::new(),
        format!("hello\r\n{good}--b1--"),
        format!("\r\n{good}--b1--"),
        format!("{good}--b1--\r\nafter"),
        format!("{good}--b1-- "),
        good.clone(),
        format!("{good}--b1"),
        good.replace("\r\n", "\n") + "--b1--",
        format!("{}--b1--", good.replacen("--b1\r\n", "--b1 \r\n", 1)),
        "--b1\r\n\r\na\r\n--b1--".to_owned(),
    ] {
        assert!(is_malformed(&read(&body)), "{body:?}");
    }
    for head in [
        "name=\"mod\\el\"",
        "name=\"mod%65l\"",
        "name=\"mod el\"",
        "name=\"\"",
        "name=\"a\"; name=\"b\"",
        "name*=utf-8''model",
        "filename=\"a\"",
        "name=\"a\" filename=\"b\"",
        "name=\"a\"; size=3",
        "name=a b",
        "name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
        "name=\"a\"\r\nContent-Transfer-Encoding: base64",
        "name=\"a\"\r\nContent-Type: text/plain; charset=utf-16",
        "name=\"a\"\r\nContent-Type: multipart/mixed; boundary=x",
        "name=\"a\"\r\nX-Other: 1",
        "name=\"a\"\r\n folded: 1",
    ] {
        assert!(is_malformed(&form(&[part(head, "x")])), "{head}");
    }
}

#[test]
fn a_form_states_one_boundary() {
    let body = Bytes::from(part("name=\"a\"", "x") + "--b1--");
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    for (content_type, is_read) in [
        (TYPE, true),
        ("Multipart/Form-Data; Boundary=\"b1\"", true),
        ("multipart/form-data; charset=utf-8; boundary=b1", true),
        ("multipart/form-data", false),
        ("multipart/form-data;", false),
        ("multipart/form-data; boundary=", false),
        ("multipart/form-data; boundary=b1; boundary=b2", false),
        ("multipart/form-data; boundary=\"b1", false),
        ("multipart/form-data; boundary=b 1", false),
        ("multipart/mixed; boundary=b1", false),
        ("application/json", false),
        (&long, false),
    ] {
        let read = Form::read(content_type, body.clone(), LIMITS);
        assert_eq!(read.is_ok(), is_read, "{content_type}");
    }
}

#[test]
fn forms_that_differ_in_their_boundary_alone_are_the_same() {
    let body = |boundary: &str| Bytes::from(part("name=\"a\"", "x").replace("b1", boundary));
    let without = |boundary: &str| {
        let content_type = format!("multipart/form-data; boundary={boundary}");
        without_boundary(&content_type, &body(boundary))
    };
    assert_eq!(without("b1"), without("b2"));
    assert_ne!(without("b1"), body("b1"));
    assert_eq!(without_boundary("text/plain", &body("b1")), body("b1"));
}

#[test]
fn a_form_is_bounded() {
    let too_much = |parts: &[String]| form(parts).unwrap_err().to_string();
    let numbered = |at: usize| part(&format!("name=\"f{at}\""), "x");
    let five: Vec<_> = (0..5).map(numbered).collect();
    assert_eq!(too_much(&five), "the form has more than 4 fields");
    let text = part("name=\"a\"", &"x".repeat(101));
    assert_eq!(
        too_much(&[text]),
        "the form has more than 100 bytes in a text"
    );
    let file = part("name=\"a\"; filename=\"b\"", &"x".repeat(201));
    assert_eq!(
        too_much(&[file]),
        "the form has more than 200 bytes in a file"
    );
    let head = part(
        &format!("name=\"a\"; filename=\"{}\"", "n".repeat(4096)),
        "x",
    );
    assert!(is_malformed(&form(&[head])));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Form::read(TYPE, Bytes::from(body), LIMITS);
    }

    #[test]
    fn any_cut_of_a_form_is_refused_or_a_whole_form(cut in 0_usize..100) {
        let whole = part("name=\"model\"", "a") + "--b1--\r\n";
        let cut = cut.min(whole.len());
        prop_assert_eq!(read(&whole[..cut]).is_ok(), cut + 2 >= whole.len() && cut + 1 != whole.len());
    }

    #[test]
    fn any_content_survives(content in prop::collection::vec(any::<u8>(), 0..150)) {
        let mut body = b"--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n".to_vec();
        body.extend(&content);
        body.extend(b"\r\n--b1--");
        let form = Form::read(TYPE, Bytes::from(body), LIMITS).unwrap();
        prop_assert_eq!(form.files("file").unwrap(), [Bytes::from(content)]);
    }
}
