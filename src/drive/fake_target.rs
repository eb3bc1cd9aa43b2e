//! A target for tests that answers, or misbehaves, as a closure says. One connection, one request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::profile::{Accounts, BaseUrl, Credentials, Profile, Secret};

/// A request as the target got it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `POST /v1/cards`.
    pub line: String,
    /// The header fields as one text, names in lower case.
    pub head: String,
    pub body: String,
}

/// What the target does with it.
pub enum Act {
    /// Status and JSON.
    Json(u16, String),
    /// These bytes, and then the end.
    Raw(&'static str),
    /// These bytes, and then nothing, for as long as the client waits.
    Hang(&'static str),
    /// These bytes, and then letters without end.
    Endless(&'static str),
}

pub struct FakeTarget {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

type Answers = dyn Fn(&Asked) -> Act + Send + Sync;

impl FakeTarget {
    /// A target that gives a token and takes a key, and for the rest does what `answers` says.
    pub fn start(answers: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        Self::start_bare(move |asked| {
            match asked.line.as_str() {
            "POST /v1/auth/token" => Act::Json(
                200,
                r#"{"token":"hunter2.hunter2.hunter2","expiresAt":99999999999,"tokenType":"Bearer"}"#.into(),
            ),
            "PUT /v1/auth/signing" => Act::Json(200, r#"{"keyId":"key-1"}"#.into()),
            _ => answers(asked),
        }
        })
    }

    /// A target that does what `answers` says, set-up calls included.
    pub fn start_bare(answers: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        let answers: Arc<Answers> = Arc::new(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (all, answers) = (Arc::clone(&all), Arc::clone(&answers));
                std::thread::spawn(move || serve(stream, &all, &*answers));
            }
        });
        Self { address, asked }
    }

    /// What came so far, set-up calls included.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Its profile: every UUID is an account.
    pub fn profile(&self) -> Profile {
        let base_url = BaseUrl::try_from(format!("http://{}/v1", self.address)).unwrap();
        let mut profile = Profile::new("fake", base_url, Accounts::Any);
        profile.credentials = Credentials::Login {
            api_key: Secret::literal("key-of-the-programme".into()),
            api_secret: Secret::literal("secret-of-the-programme".into()),
        };
        profile
    }
}

fn serve(mut stream: TcpStream, all: &Mutex<Vec<Asked>>, answers: &Answers) {
    let Some(asked) = read_request(&stream) else {
        return;
    };
    all.lock().unwrap().push(asked.clone());
    // The client may be gone at any point, which ends the connection and nothing else.
    let _ = match answers(&asked) {
        Act::Json(status, body) => write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
        Act::Raw(text) => stream.write_all(text.as_bytes()),
        Act::Hang(text) => stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.read_to_end(&mut Vec::new()).map(drop)),
        Act::Endless(text) => stream.write_all(text.as_bytes()).and_then(|()| {
            let letters = [b'x'; 1 << 16];
            loop {
                stream.write_all(&letters)?;
            }
        }),
    };
}

fn read_request(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        if field.trim().is_empty() {
            break;
        }
        if let Some(text) = field.strip_prefix("content-length: ") {
            length = text.trim().parse().ok()?;
        }
        head.push_str(&field);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        head,
        body: String::from_utf8(body).ok()?,
    })
}
