//! `kill -9` under load, at random and at every failpoint: after each the next
//! start is judged by the oracle, over everything the run has seen so far.
//!
//! `KEYPURSE_KILLS` and `KEYPURSE_SEED` choose how long and which run; the
//! seed is printed.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keypurse_store::failpoint;
use keypurse_testkit::hostile::{Behaviour, HostileProvider};
use keypurse_testkit::oracle::{Books, Oracle, Rules, Verdict, Witnesses};
use tokio::task::JoinSet;

use super::crowd::{Manners, keep_calling};
use super::operator;
use super::scene::Scene;
use super::{number, price, soon};
use crate::audit_log;
use crate::process::{PATIENCE, Process, Setup};

const CLIENTS: usize = 16;
/// Calls in flight at each kill at least.
const IN_FLIGHT: usize = 8;
/// The longest pause between two pieces of an answer: calls are in flight.
const PACE: Duration = Duration::from_millis(1);
/// What the gateway covers ahead of a stream: a crash charges at most so many
/// tokens more than the provider produced.
const BLOCK_TOKENS: u64 = 1024;
/// How long a call admitted before a deletion may take to the provider; the
/// promise is 100 ms of the gateway's, and this machine is busy.
const DISPATCH_GRACE: Duration = Duration::from_secs(5);
/// A place some hundred calls away has to be reached in this time.
const LIFE: Duration = Duration::from_secs(90);
/// Some thousand commits away: once in a long run.
const FAR: &str = "writer.carry-forward";
const LONG_LIFE: Duration = Duration::from_mins(15);
const LONG_RUN: u64 = 100;
/// Enough for an answer that did not wait for its commit to get out.
const LINGER_MS: usize = 100;
const SIGABRT: i32 = 6;

/// How a life of the gateway ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// SIGKILL, at any time.
    Killed,
    /// By itself, when it comes to this place for this time, after lingering
    /// there for so many milliseconds.
    At(&'static str, usize, usize),
    /// Killed, and the next life ends at this place before it is ready.
    AtStart(&'static str),
}

/// A run.
struct Run {
    setup: Setup,
    provider: HostileProvider,
    scene: Arc<Scene>,
    oracle: Oracle,
    /// From each start to the first answer.
    ready: Vec<Duration>,
    /// Calls in flight at each kill.
    in_flight: Vec<usize>,
    lives: usize,
    deaths: usize,
    /// Where the process ends: each of them in turn, then, but for the last, by
    /// chance.
    places: Vec<&'static str>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_crash_anywhere_loses_or_invents_a_charge() {
    let folder = tempfile::tempdir().unwrap();
    let (kills, seed) = (number("KEYPURSE_KILLS", 60), number("KEYPURSE_SEED", 1));
    println!("{kills} kills, KEYPURSE_SEED={seed}");
    let provider = HostileProvider::start(folder.path(), PACE).await;
    let setup = Setup::new(folder.path()).config(&provider.config());
    // Providers misbehave by the thousand here.
    let setup = setup.argument("--log=error,keypurse_server::gateway=off");
    let mut run = Run {
        scene: Arc::new(Scene::new(&setup.address, seed)),
        setup,
        provider,
        oracle: Oracle::new(rules()),
        ready: Vec::new(),
        in_flight: Vec::new(),
        lives: 0,
        deaths: 0,
        places: places(kills),
    };
    let mut process = run.start(&run.setup.clone()).await;
    operator::furnish(&run.scene).await;
    while run.deaths < usize::try_from(kills).unwrap() {
        process = run.life(process).await;
    }
    assert!(process.terminate().success(), "{}", process.log());
    let verdict = run.judge("after the last stop");
    run.sum_up(&verdict);
}

#[tokio::test]
async fn a_crash_in_a_migration_leaves_the_schema_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let (_, ended) = setup.ending_at("store.migrate", 0, 0).start_or_end().await;
    assert_eq!(ended.and_then(|ended| ended.signal()), Some(SIGABRT));
    let mut process = setup.start().await;
    assert!(process.terminate().success(), "{}", process.log());
    let books = Books::read(&setup.data_dir().join("keypurse.db"));
    assert_eq!(books.audit.map(|report| report.calls), Ok(0));
}

fn places(kills: u64) -> Vec<&'static str> {
    let mut places = failpoint::ALL.to_vec();
    // A schema is made once: that place has its own test.
    places.retain(|place| *place != "store.migrate");
    places.retain(|place| *place != FAR);
    places.extend((kills >= LONG_RUN).then_some(FAR));
    places
}

fn rules() -> Rules {
    Rules {
        price: price("1", "10"),
        block_tokens: BLOCK_TOKENS,
        dispatch_grace: DISPATCH_GRACE,
    }
}

impl Run {
    /// Every place in turn, then places and kills as the dice fall.
    fn next_end(&self) -> End {
        let place = match self.places.get(self.lives) {
            Some(place) => *place,
            None if self.scene.roll(3) > 0 => return End::Killed,
            None => self.places[self.scene.roll(self.places.len() - 1)],
        };
        if place.starts_with("recovery.") {
            return End::AtStart(place);
        }
        let roll = |end| self.scene.roll(end);
        let time = match place {
            FAR | "writer.checkpoint" => 0,
            "writer.journal-trim" | "stream.draining" => roll(2),
            // Past what a start does, and with company.
            _ if place.starts_with("writer.") => 20 + roll(60),
            _ if place.starts_with("token.") => roll(3),
            _ => roll(30),
        };
        let lingers = place.starts_with("writer.") || roll(2) == 0;
        End::At(place, time, usize::from(lingers) * LINGER_MS)
    }

    /// One life under load, to its end; the process of the next one.
    async fn life(&mut self, process: Process) -> Process {
        let end = self.next_end();
        self.lives += 1;
        let setup = self.setup.clone();
        match end {
            End::Killed => self.kill_under_load(process, Manners::Any).await,
            End::AtStart(place) => {
                self.kill_under_load(process, Manners::Patient).await;
                let (_, ended) = setup.ending_at(place, 0, 0).start_or_end().await;
                self.died_at(place, ended.expect("it is reached before it is ready"));
            }
            End::At(place, time, linger_ms) => {
                // Armed from its start on, so it is another process.
                let mut idle = process;
                assert!(idle.terminate().success(), "{}", idle.log());
                let armed = setup.ending_at(place, time, linger_ms);
                let (mut process, ended) = armed.start_or_end().await;
                if ended.is_none() {
                    self.run_to_its_end(&process, place).await;
                }
                self.died_at(place, ended.unwrap_or_else(|| process.wait()));
            }
        }
        let process = self.start(&setup).await;
        self.judge(&format!("death {}, {end:?}", self.deaths));
        process
    }

    fn died_at(&mut self, place: &str, ended: ExitStatus) {
        assert_eq!(ended.signal(), Some(SIGABRT), "{place}: {ended:?}");
        self.deaths += 1;
    }

    async fn start(&mut self, setup: &Setup) -> Process {
        let started = Instant::now();
        let process = setup.start().await;
        self.ready.push(started.elapsed());
        process
    }

    /// SIGKILL after some answers, with calls in flight, some of them waiting
    /// for a provider that does not go on if `also` says so.
    async fn kill_under_load(&mut self, mut process: Process, also: Manners) {
        let crowd = self.crowd(also);
        let stalled = self.stalled();
        let begun = || also != Manners::Patient || self.stalled() > stalled;
        let in_flight = || self.scene.in_flight.load(Ordering::SeqCst);
        let enough = || in_flight() >= IN_FLIGHT && begun();
        let work = self.scene.wait_for(12 + self.scene.roll(40), enough);
        soon(PATIENCE, "work", work).await;
        self.in_flight.push(in_flight());
        process.kill();
        self.deaths += 1;
        self.disperse(crowd).await;
    }

    /// Streams at the provider that begun and do not go on.
    fn stalled(&self) -> usize {
        let served = self.provider.served();
        let stalled = served
            .iter()
            .filter(|served| served.behaviour == Behaviour::Stalls);
        stalled.count()
    }

    /// Load until the process is gone.
    async fn run_to_its_end(&self, process: &Process, place: &str) {
        let crowd = match place {
            // An old hold, and many young ones.
            FAR => self.crowd(Manners::Quick),
            _ => self.crowd(Manners::Any),
        };
        if place == "writer.checkpoint" {
            self.scene.wait_for(20, || true).await;
            process.ask_to_stop();
        }
        let life = if place == FAR { LONG_LIFE } else { LIFE };
        soon(life, place, self.disperse(crowd)).await;
    }

    fn crowd(&self, manners: Manners) -> (JoinSet<()>, JoinSet<()>) {
        let (mut clients, mut operator) = (JoinSet::new(), JoinSet::new());
        for number in 0..CLIENTS {
            let manners = match (manners, number) {
                (Manners::Quick, 0) | (Manners::Patient, 0..4) => Manners::Patient,
                (Manners::Quick, _) => Manners::Quick,
                _ => Manners::Any,
            };
            clients.spawn(keep_calling(Arc::clone(&self.scene), manners));
        }
        operator.spawn(operator::keep_operating(Arc::clone(&self.scene)));
        (clients, operator)
    }

    /// Waits until every client has noticed that nobody answers.
    async fn disperse(&self, (mut clients, mut operator): (JoinSet<()>, JoinSet<()>)) {
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        operator.shutdown().await;
    }

    fn judge(&mut self, when: &str) -> Verdict {
        let said = Witnesses {
            provider: &self.provider.served(),
            clients: &self.scene.saw.lock().unwrap(),
            operator: &self.scene.acts.lock().unwrap(),
        };
        let books = Books::read(&self.setup.data_dir().join("keypurse.db"));
        let verdict = self.oracle.judge(said, &books);
        verdict.assert_clean(when);
        audit_log::assert_tells_what_the_tables_have(&self.setup.data_dir());
        verdict
    }

    fn sum_up(&self, verdict: &Verdict) {
        assert!(
            verdict.whole > self.deaths && verdict.cut > 0 && verdict.recovered > 0,
            "{verdict}"
        );
        println!(
            "{} kills, {} calls or more in flight at each at random, ready within {:?} of each \
             start; {verdict}",
            self.deaths,
            self.in_flight.iter().min().unwrap_or(&0),
            self.ready.iter().max().unwrap_or(&Duration::ZERO),
        );
    }
}
