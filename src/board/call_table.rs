//! The calls of a board, as they cross a network: the one table from which the client, the routes
//! of the server and their document are made.
//!
//! A row has the role that may make the call, what limits it for a token of some projects alone,
//! what it does, and its signature. Kinds of arguments: `by` value, a `whole` one by reference,
//! `each` of a list, a `text`, `maybe` a text. What the client does more for than to send it is in
//! `served/own_calls.rs`.

/// The calls of the jobs and the workers.
macro_rules! board_calls {
    ($then:ident) => {
        $then! {
            Post, posts(posts), "Posts jobs, all in one transaction or none.":
                post_all(posts: each(Post)) -> Vec<PostReceipt>;
            Post, all(), "Has a job posted when another job, or a batch, is over; at once if that is so already.":
                post_after(after: by(FollowedPost), next: whole(NextPost)) -> NextRecord;
            Operate, all(), "Pauses, or resumes, a definition, a project or a worker: what waits is claimed by nothing. Returns whether that changed anything.":
                set_pause(scope: whole(PauseScope), by: maybe(String)) -> bool;
            Operate, filter(filter), "Asks something of the jobs that a filter finds, up to 500 in one transaction, from the newest on.":
                request_all(filter: whole(JobFilter), request: whole(JobRequest)) -> BulkAnswer;
            Worker, all(), "Adds a worker to the board. Not idempotent: after no answer the session that was not heard of holds nothing and is reaped by the next look.":
                join(request: whole(SessionRequest)) -> SessionTicket;
            Worker, all(), "Enters what the worker can do, in the place of what it entered before.":
                enter_definitions(session: by(SessionId), definitions: each(DefinitionEntry)) -> ();
            Worker, all(), "Moves the counter of a session on, then reads what the session owns.":
                beat(beat: whole(Beat)) -> BeatAnswer;
            Worker, all(), "Returns up to `at_most` jobs that these lanes would bring, without claiming them: id, definition and arguments in the order of claims.":
                peek(session: by(SessionId), lanes: each(LaneWish), at_most: by(u32)) -> Vec<JobRecord>;
            Worker, all(), "Gives jobs back that the worker does not know or cannot go on with; no crash is counted. Sent after their trees are dead, and never taken back after a time-out.":
                give_back(session: by(SessionId), jobs: each(GiveBack)) -> Vec<TransitionVerdict>;
            Worker, all(), "Ends a session. What it still owns is given back as interrupted, without count. A session that is over already stays so.":
                leave(session: by(SessionId)) -> ();
            Worker, all(), "Takes the jobs of a session whose counter has stood for their leases.":
                reap(reap: whole(Reap)) -> ReapAnswer;
            Worker, all(), "Takes all jobs of a session whose process the caller has seen dead on its own host, and whose trees it has ended and seen gone. Refused with `alive` when the session does not share the host with `here`.":
                reap_dead_on_this_host(session: by(SessionId), here: whole(HostIdentity)) -> ReapAnswer;
            Operate, job(id), "Asks something of a job, as the table of states has it.":
                request(id: by(JobId), request: whole(JobRequest)) -> RequestAnswer;
            Operate, all(), "Asks something of a worker. Returns whether the session lives.":
                request_of_worker(session: by(SessionId), wish: by(SessionWish)) -> bool;
            Worker, all(), "Sets which jobs a session cannot do now, and for want of which tag; replaces what was set before. For people: no rule reads it. No beat.":
                set_cannot_now(session: by(SessionId), cannot: each(CannotNow)) -> ();
            Worker, all(), "Stores what a job printed. Returns whether it was stored: not when its fence is no longer that of the job.":
                append_output(batch: whole(OutputBatch)) -> bool;
            View, job(id), "Asks the holder of a job to send its output as it comes, for this long.":
                watch_output(id: by(JobId), for_at_most: by(Duration)) -> ();
            View, job(id), "Returns the output of a job after a part, 256 parts at most.":
                output(id: by(JobId), after: by(Option<u64>)) -> Vec<OutputPart>;
            Worker, all(), "Removes what is kept no longer, 500 rows at most in one transaction; called again while there is more.":
                gc(limits: whole(KeepLimits)) -> GcAnswer;
            View, all(), "Returns what became of writes, one for each position: `None`: there is no such job.":
                outcome_of(positions: each(JobPosition)) -> Vec<Option<JobOutcome>>;
            View, job(id), "Returns a job.":
                job(id: by(JobId)) -> Option<JobRecord>;
            View, filter(filter), "Returns a page of jobs.":
                jobs(filter: whole(JobFilter)) -> JobPage;
            View, all(), "Returns how many jobs of each definition are in each state.":
                counts() -> Vec<StateCount>;
            View, all(), "Returns how the jobs of each definition have ended since a moment, in milliseconds since 1970, for each state in which any has.":
                ends(since: by(i64)) -> Vec<EndSummary>;
            View, all(), "Returns jobs that have ended, the last one first.":
                ended_jobs(filter: whole(EndFilter)) -> Vec<EndedJob>;
            View, job(id), "Returns the journal of a job, the oldest entry first.":
                journal(id: by(JobId)) -> Vec<JournalEntry>;
            View, all(), "Returns the live sessions: what observers time the counters of.":
                workers() -> Vec<SessionRecord>;
            View, listed(), "Returns the definitions that workers have entered, the newest shape of each name.":
                definitions() -> Vec<DefinitionRecord>;
            View, all(), "Returns a batch.":
                batch(id: by(BatchId)) -> Option<BatchRecord>;
            View, all(), "Returns what comes after a job or a batch.":
                what_follows(after: by(FollowedPost)) -> Vec<NextRecord>;
            View, job(id), "Returns what a job was posted after; `None`: it was posted by itself.":
                followed_by(id: by(JobId)) -> Option<FollowedPost>;
            View, all(), "Returns the pauses.":
                pauses() -> Vec<PauseRecord>;
            View, job(id), "Returns what decides why a job waits.":
                wait_facts(id: by(JobId)) -> WaitFacts;
            View, free(), "Returns the identity that the board was created with: no other board has it.":
                identity() -> String;
        }
    };
}

/// The calls of the schedules.
macro_rules! schedules_calls {
    ($then:ident) => {
        $then! {
            Worker, all(), "Applies the schedules of a file, if their content is new to the board.":
                apply_schedules(file: whole(ScheduleFile)) -> ScheduleFileAnswer;
            View, listed(), "Returns all schedules, in the order of their names.":
                schedules() -> Vec<ScheduleRecord>;
            View, all(), "Looks for schedules whose slot has come, so many at most, without a write.":
                look_at_schedules(at_most: by(u32)) -> ScheduleLook;
            Worker, all(), "Takes a slot: moves `next` on and posts the job, both or neither.":
                take_slot(taking: whole(SlotTaking)) -> SlotAnswer;
            Operate, all(), "Posts a job of a schedule by hand, or one for each live worker that can do it; the next slot stays. `None`: there is no such schedule, or no such worker.":
                run_schedule(name: text(String), post: whole(Post), every_worker: by(bool)) -> Option<PostReceipt>;
            Operate, all(), "Pauses a schedule, or ends its pause.":
                request_of_schedule(name: text(String), request: whole(ScheduleRequest)) -> ScheduleRequestAnswer;
            Worker, all(), "Returns what is to be mailed about schedules, each piece once.":
                take_schedule_news() -> Vec<ScheduleNews>;
        }
    };
}

/// The calls of what is mailed.
macro_rules! alerts_calls {
    ($then:ident) => {
        $then! {
            Worker, all(), "Takes the lock `alerts`, or keeps it.":
                hold_alerts(session: by(SessionId)) -> AlertsHold;
            Worker, all(), "Looks for what the alerter has not taken yet, without a write: so many facts at most, the oldest first.":
                look_at_facts(at_most: by(u32)) -> AlertLook;
            Worker, all(), "Looks for what did not happen, without a write.":
                look_at_conditions() -> AlertConditions;
            Worker, all(), "Returns whether a job of a definition may end soon: one runs, or waits and is due within this many milliseconds.":
                has_open_jobs(definition: text(String), due_within: by(i64)) -> bool;
            Worker, all(), "Records what the alerter has decided, in one transaction. Returns whether the lock is still held under that fence: if not, nothing was changed.":
                record_alerts(record: whole(AlertRecord)) -> bool;
            View, all(), "Returns what is stored under a name: the memory of the alerter, or mutes.":
                alert_memory(name: text(String)) -> Option<String>;
            Worker, all(), "Replaces what is stored under a name, if that is still `before`. Returns whether it was.":
                replace_alert_memory(name: text(String), before: maybe(String), after: text(String)) -> bool;
            Worker, all(), "Sets whether the process of a session has a way by which mail leaves its machine.":
                set_delivers(session: by(SessionId), delivers: by(bool)) -> ();
            View, all(), "Returns how many live sessions have such a way.":
                deliverers() -> u64;
            Worker, all(), "Claims mails that are due, so many at most, the oldest first; with `all` also those that are to be tried later. A session without a way claims nothing while another has one. What a session claims stays claimed until it is released, or the session is over.":
                claim_mails(session: by(SessionId), at_most: by(u32), all: by(bool)) -> Vec<ClaimedMail>;
            Worker, all(), "Stores what has become of a mail: its letter, and when it is tried next. Returns whether the session has claimed it.":
                update_mail(session: by(SessionId), id: by(u64), letter: text(String), next: by(i64)) -> bool;
            Worker, all(), "Removes a mail that has left, or never will. Returns whether the session has claimed it.":
                remove_mail(session: by(SessionId), id: by(u64)) -> bool;
            Worker, all(), "Gives all mails back that a session has claimed.":
                release_mails(session: by(SessionId)) -> ();
            View, all(), "Returns the mails that wait, the oldest first, 1,000 at most.":
                mails() -> Vec<MailRecord>;
            View, all(), "Returns when the next mail is due that no live session has claimed, in milliseconds since 1970; `None`: none waits.":
                next_mail() -> Option<i64>;
        }
    };
}

pub(crate) use {alerts_calls, board_calls, schedules_calls};
