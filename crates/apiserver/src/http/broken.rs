//! Answers that break off on purpose.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use http_body_util::BodyExt;

use super::Body;

/// A connection that broke, by [`crate::Fault::Reset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was reset on purpose")]
pub struct Broken;

/// A body that breaks after so many bytes.
struct Cut {
    inner: Body,
    left: usize,
}

/// The same answer, broken off after so many bytes of its body.
pub(super) fn cut(response: Response<Body>, bytes: usize) -> Response<Body> {
    response.map(|inner| Cut { inner, left: bytes }.boxed())
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let cut = self.get_mut();
        if cut.left == 0 {
            return Poll::Ready(Some(Err(Broken)));
        }
        match Pin::new(&mut cut.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let Ok(mut data) = frame.into_data() else { return Poll::Ready(Some(Err(Broken))) };
                data.truncate(cut.left);
                cut.left -= data.len();
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Poll::Ready(_) => Poll::Ready(Some(Err(Broken))),
            Poll::Pending => Poll::Pending,
        }
    }
}
