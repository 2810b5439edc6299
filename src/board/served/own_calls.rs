//! The rest of the table of calls.

/// The calls whose client does more than to send them: times are turned into those of its own
/// clock, what is long is sent in pieces.
macro_rules! own_calls {
    ($then:ident) => {
        $then! {
            Post, all(), "Posts members of a batch, all in one transaction or none. The batch is created by the first call with its posting. With `is_whole` no more members come, and what comes after the batch is posted as soon as none is left. A batch that is whole already stays as it is.":
                post_batch(batch: whole(BatchPost), posts: each(Post), is_whole: by(bool)) -> BatchReceipt;
            Worker, all(), "Records transitions and claims jobs. Counts as a beat.":
                advance(advance: whole(Advance)) -> AdvanceAnswer;
            Worker, all(), "Looks whether there is something to do, without a write: what a worker asks once a second, and at each ring, before it claims by an `advance`. No beat.":
                look(session: by(SessionId), lanes: each(LaneWish)) -> LookAnswer;
        }
    };
}

pub(crate) use own_calls;
