//! Some connections to one database. Statements are sent one after the other without waiting for answers, so a call takes the
//! connection that has the least to do, and never waits for one.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::session::store::postgres::fault::fault;
use crate::session::store::remote::Fault;

/// A statement's parameter and its type.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Connections to one database; clones are one pool.
#[derive(Clone)]
pub(super) struct Pool(Arc<RwLock<Vec<Arc<Client>>>>);

impl Pool {
    /// A pool of one connection.
    pub fn new(client: Client) -> Pool {
        Pool(Arc::new(RwLock::new(vec![Arc::new(client)])))
    }

    /// Adds a connection.
    pub fn add(&self, client: Client) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(client));
    }

    /// Runs one statement, which has its whole effect or none, whether or not somebody waits for it.
    ///
    /// # Errors
    /// [`Fault`]: it may have had its effect.
    pub async fn run(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Fault> {
        let client = self.least_busy().ok_or_else(|| Fault::Lost("there is no connection".into()))?;
        client.query_typed(statement, parameters).await.map_err(|error| fault(&error))
    }

    /// Runs several statements at once.
    ///
    /// # Errors
    /// [`Fault`]: some may have had their effect, where they are not in a transaction.
    pub async fn run_all(&self, statements: &str) -> Result<(), Fault> {
        let client = self.least_busy().ok_or_else(|| Fault::Lost("there is no connection".into()))?;
        client.batch_execute(statements).await.map_err(|error| fault(&error))
    }

    /// Who has a statement under way holds a clone of its connection.
    fn least_busy(&self) -> Option<Arc<Client>> {
        let clients = self.0.read().unwrap_or_else(PoisonError::into_inner);
        clients.iter().min_by_key(|client| Arc::strong_count(client)).cloned()
    }
}
