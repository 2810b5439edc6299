//! A real browser without a screen, asked through a pair of pipes.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::served::Served;
use crate::support::eventually;

/// A page in a browser with a profile of its own.
pub struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    number: u64,
    session: String,
    /// What came between answers.
    events: VecDeque<Value>,
    _dir: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser with an empty page of this width.
    pub fn start(width: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (asks, answers) = (dir.path().join("asks"), dir.path().join("answers"));
        for pipe in [&asks, &answers] {
            mkfifo(pipe, Mode::S_IRWXU).unwrap();
        }
        // The browser reads from its descriptor 3 and writes to 4.
        let child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<asks 4>answers", "chromium"])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync"])
            .args(["--remote-debugging-pipe", "--user-data-dir=profile"])
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(&asks).unwrap();
        let from = BufReader::new(File::open(&answers).unwrap());
        let mut browser = Browser {
            child,
            to,
            from,
            number: 0,
            session: String::new(),
            events: VecDeque::new(),
            _dir: dir,
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let wish = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", wish);
        session["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser.resize(width);
        browser
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        message.pop();
        serde_json::from_slice(&message).unwrap()
    }

    /// Asks the browser for something, and returns the answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let message = self.read();
            if message["id"] == self.number {
                assert_eq!(message["error"], Value::Null, "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    pub fn resize(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Evaluates an expression in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let wish = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", wish);
        assert_eq!(
            answer["exceptionDetails"],
            Value::Null,
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    pub fn text(&mut self, selector: &str) -> String {
        let found = self.eval(&format!(
            "document.querySelector({})?.textContent ?? ''",
            json!(selector)
        ));
        found
            .as_str()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Waits until an expression holds.
    pub fn wait_for(&mut self, expression: &str) {
        let holds = format!("Boolean(document.body && ({expression}))");
        assert!(
            eventually(|| self.eval(&holds) == json!(true)),
            "{expression}: {}",
            self.text("main")
        );
    }

    /// Opens an address, and waits until the page is whole.
    pub fn open(&mut self, address: &str) {
        self.events.clear();
        self.ask("Page.navigate", json!({"url": address}));
        self.loaded();
    }

    fn loaded(&mut self) {
        let is_loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_loaded) {
            let event = self.read();
            self.events.push_back(event);
        }
    }

    /// Does something that leads to another page, and waits for that.
    pub fn follow(&mut self, expression: &str) {
        self.events.clear();
        self.eval(expression);
        self.loaded();
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let wish =
                json!({"type": kind, "key": key, "text": if kind == "keyDown" { key } else { "" }});
            self.ask("Input.dispatchKeyEvent", wish);
        }
    }

    /// Logs in by the form.
    pub fn log_in(&mut self, served: &Served) {
        self.open(&format!("http://{}/login", served.address));
        let token = json!(served.admin());
        self.follow(&format!(
            "document.querySelector('#token').value = {token}; document.querySelector('form button').click()"
        ));
    }

    /// Returns what the console of the page has of errors, and what the policy forbade.
    pub fn errors(&mut self) -> Vec<String> {
        self.eval("1");
        let events = self.events.iter();
        let errors = events.filter(|event| {
            let of_console = &event["params"]["type"];
            event["method"] == "Runtime.exceptionThrown"
                || (event["method"] == "Runtime.consoleAPICalled"
                    && (of_console == "error" || of_console == "warning"))
                || (event["method"] == "Log.entryAdded"
                    && event["params"]["entry"]["level"] == "error")
        });
        errors.map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
