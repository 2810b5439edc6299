//! What is answered at which address.

mod answerer;
mod answers;
mod api_routes;
mod login_routes;
mod page_routes;
mod register_route;
mod router;
mod watch_routes;

pub(crate) use answerer::ServerAnswerer;
