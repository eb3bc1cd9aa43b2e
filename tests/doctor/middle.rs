//! Servers that stand before the reference: a gateway that changes what passes, and one end of TLS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A request on its way through the gateway.
pub struct Passing {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What a gateway does with a request: changes it, or answers itself.
pub type Gateway = fn(&mut Passing) -> Option<Response>;

/// A gateway before `target` (`127.0.0.1:8080`), and where it listens.
pub fn gateway(runtime: &Runtime, target: SocketAddr, does: Gateway) -> SocketAddr {
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let pass = move |request: Request| {
            let client = client.clone();
            async move { pass(&client, target, does, request).await }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(pass)).await });
        address
    })
}

async fn pass(
    client: &reqwest::Client,
    target: SocketAddr,
    does: Gateway,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut passing = Passing {
        method: parts.method,
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: to_bytes(body, 1 << 20).await.unwrap(),
    };
    if let Some(answer) = does(&mut passing) {
        return answer;
    }
    passing.headers.remove("content-length");
    let sent = client
        .request(passing.method, format!("http://{target}{}", passing.path))
        .headers(passing.headers)
        .body(passing.body)
        .send()
        .await
        .unwrap();
    let (status, headers) = (sent.status(), sent.headers().clone());
    let mut answer = Response::new(Body::from(sent.bytes().await.unwrap()));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer.headers_mut().remove("transfer-encoding");
    answer
}

/// An answer of the gateway's own.
pub fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<Response> {
    let mut answer = Response::new(Body::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        answer.headers_mut().insert(*name, value.parse().unwrap());
    }
    Some(answer)
}

/// Ends TLS before `target` with a certificate for `name`. Gives its address, and the file of the certificate.
pub fn tls(
    runtime: &Runtime,
    target: SocketAddr,
    name: &str,
    folder: &std::path::Path,
) -> (SocketAddr, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let file = folder.join("ca.pem");
    let text = STANDARD.encode(made.cert.der());
    let text = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, text).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut inner = acceptor.accept(stream).await.ok()?;
                    let mut outer = TcpStream::connect(target).await.ok()?;
                    tokio::io::copy_bidirectional(&mut inner, &mut outer)
                        .await
                        .ok()
                });
            }
        });
        address
    });
    (address, file)
}
