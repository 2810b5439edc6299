//! Requests made from the document of the server itself, right and wrong ones: no defect, and no
//! answer that the document does not have.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use crate::exchange::{connect, get};
use crate::served::Served;

/// How many requests are made.
const REQUESTS: usize = 10_000;
/// Calls that hold their answer back.
const HELD: &str = "/api/v1/wait";

/// A generator of values, the same in each run.
struct Generator<'a> {
    schemas: &'a Map<String, Value>,
    state: u64,
}

impl Generator<'_> {
    fn next(&mut self, below: u64) -> u64 {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % below
    }

    fn text(&mut self) -> String {
        const TEXTS: [&str; 10] = [
            "",
            "a",
            "resize",
            "x\u{0}y",
            "\u{202e}drows",
            "<script>",
            "' OR 1=1 --",
            "../../etc/passwd",
            "ß\u{1F600}",
            "0123456789012345678901234567890123456789",
        ];
        TEXTS[self.next(TEXTS.len() as u64) as usize].to_owned()
    }

    fn number(&mut self) -> Value {
        const NUMBERS: [i64; 9] = [0, 1, 2, 3, -1, 255, 1 << 33, i64::MAX, i64::MIN];
        json!(NUMBERS[self.next(NUMBERS.len() as u64) as usize])
    }

    /// Returns a value of no form.
    fn anything(&mut self) -> Value {
        match self.next(6) {
            0 => Value::Null,
            1 => json!(true),
            2 => self.number(),
            3 => json!(self.text()),
            4 => json!([self.text(), 1]),
            _ => json!({ "a": self.text() }),
        }
    }

    /// Returns a value of a schema; now and then one that is wrong.
    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        if self.next(60) == 0 {
            return self.anything();
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            return self.value(&self.schemas[name].clone(), depth + 1);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(choices) = schema[key].as_array() {
                let choice = self.next(choices.len() as u64) as usize;
                return self.value(&choices[choice].clone(), depth + 1);
            }
        }
        if !schema["const"].is_null() {
            return schema["const"].clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[self.next(words.len() as u64) as usize].clone();
        }
        let kinds: Vec<String> = match &schema["type"] {
            Value::String(kind) => vec![kind.clone()],
            Value::Array(kinds) => kinds
                .iter()
                .map(|kind| kind.as_str().unwrap().to_owned())
                .collect(),
            _ => return self.anything(),
        };
        match kinds[self.next(kinds.len() as u64) as usize].as_str() {
            "null" => Value::Null,
            "boolean" => json!(self.next(2) == 0),
            "integer" => self.number(),
            "number" => json!(0.5),
            "string" => json!(self.text()),
            "array" => {
                let length = if depth > 8 { 0 } else { self.next(3) };
                if let Some(items) = schema["prefixItems"].as_array() {
                    return items
                        .clone()
                        .iter()
                        .map(|item| self.value(item, depth + 1))
                        .collect();
                }
                let items = schema["items"].clone();
                (0..length).map(|_| self.value(&items, depth + 1)).collect()
            }
            _ => self.object(schema, depth),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = required.iter().any(|needed| needed == name);
            let is_left_out = if is_needed {
                self.next(80) == 0
            } else {
                self.next(2) == 0
            };
            if !is_left_out {
                object.insert(name.clone(), self.value(property, depth + 1));
            }
        }
        Value::Object(object)
    }
}

/// A connection that is used again and again.
struct Line {
    stream: BufReader<std::net::TcpStream>,
    token: String,
    address: SocketAddr,
}

impl Line {
    fn to(address: SocketAddr, token: String) -> Self {
        Line {
            stream: BufReader::new(connect(address)),
            token,
            address,
        }
    }

    /// Makes a call, and returns status and body.
    fn call(&mut self, path: &str, body: &str) -> (u16, Value) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut status = 0;
        let mut length = 0;
        let mut is_last = false;
        loop {
            let mut line = String::new();
            assert!(
                self.stream.read_line(&mut line).unwrap() > 0,
                "{path} {body}"
            );
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if line.starts_with("http/") {
                status = line.split(' ').nth(1).unwrap().parse().unwrap();
            }
            is_last |= line == "connection: close";
            if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse().unwrap();
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        if is_last {
            self.stream = BufReader::new(connect(self.address));
        }
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
        (status, body)
    }
}

#[test]
fn ten_thousand_requests_bring_no_answer_that_the_document_does_not_have() {
    let served = Served::with("");
    let token = served.admin();
    let document = get(served.address, "/api/v1/openapi.json");
    assert_eq!(document.status, 200);
    let document = document.json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut generator = Generator {
        schemas,
        state: 0x9E37_79B9_7F4A_7C15,
    };
    let mut line = Line::to(served.address, token);
    let mut validators = BTreeMap::new();
    let mut seen: BTreeMap<u16, usize> = BTreeMap::new();
    let paths = document["paths"].as_object().unwrap();
    let calls: Vec<&String> = paths.keys().filter(|path| *path != HELD).collect();
    for at in 0..REQUESTS {
        let path = calls[at % calls.len()];
        let operation = &paths[path]["post"];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let request = generator.value(schema, 0).to_string();
        let (status, answer) = line.call(path, &request);
        *seen.entry(status).or_default() += 1;
        let key = (path, status);
        let validator = validators.entry(key).or_insert_with(|| {
            let response = &operation["responses"][status.to_string()];
            assert!(response.is_object(), "{path} {request}: {status} {answer}");
            let mut schema = response["content"]["application/json"]["schema"].clone();
            schema["components"] = document["components"].clone();
            jsonschema::validator_for(&schema).unwrap()
        });
        if let Err(wrong) = validator.validate(&answer) {
            panic!("{path} {request}: {status} {answer}: {wrong}");
        }
    }
    // Good requests and bad ones, of each sort.
    for status in [200, 400, 404, 409, 422] {
        assert!(
            seen.get(&status).is_some_and(|count| *count > 10),
            "{seen:?}"
        );
    }
    assert!(!seen.contains_key(&500), "{seen:?}");
    let log = served.runner.log();
    assert!(!log.contains("panicked"), "{log}");
}
