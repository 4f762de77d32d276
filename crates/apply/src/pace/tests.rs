//! The pace with tokio's paused clock.

use std::sync::Arc;

use super::*;

async fn one(pace: &Pace, took: Duration, went: Went) {
    let place = pace.enter(0).await;
    tokio::time::sleep(took).await;
    place.leave(went);
}

const QUICK: Duration = Duration::from_millis(5);

#[tokio::test(start_paused = true)]
async fn a_refusal_halves_it_and_holds_all_back_as_long_as_the_server_asks() {
    let pace = Pace::new(16);
    one(&pace, QUICK, Went::Refused(Some(Duration::from_secs(3)))).await;
    assert_eq!(pace.limit(), 8);
    let before = Instant::now();
    one(&pace, QUICK, Went::Answered).await;
    assert!(before.elapsed() >= Duration::from_millis(2995), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn refusals_of_requests_that_were_under_way_together_are_one_sign() {
    let pace = Pace::new(16);
    let mut places = Vec::new();
    for _ in 0..10 {
        places.push(pace.enter(0).await);
    }
    places.into_iter().for_each(|place| place.leave(Went::Refused(None)));
    assert_eq!(pace.limit(), 8);
}

#[tokio::test(start_paused = true)]
async fn answers_in_time_bring_it_back_and_never_above_the_most() {
    let pace = Pace::new(8);
    one(&pace, QUICK, Went::Refused(None)).await;
    assert_eq!(pace.limit(), 4);
    for _ in 0..100 {
        one(&pace, QUICK, Went::Answered).await;
    }
    assert_eq!(pace.limit(), 8);
}

#[tokio::test(start_paused = true)]
async fn answers_that_take_much_longer_than_the_quickest_lower_it_once_a_round() {
    let pace = Pace::new(10);
    one(&pace, QUICK, Went::Answered).await;
    let places = [pace.enter(0).await, pace.enter(0).await];
    tokio::time::sleep(Duration::from_secs(2)).await;
    places.into_iter().for_each(|place| place.leave(Went::Answered));
    assert_eq!(pace.limit(), 9);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_let_in_by_weight() {
    let pace = Arc::new(Pace::new(1));
    let first = pace.enter(0).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for weight in [1, 5, 0, 5] {
        let (pace, order) = (pace.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            let place = pace.enter(weight).await;
            order.lock().unwrap().push(weight);
            place.leave(Went::Answered);
        }));
        tokio::task::yield_now().await;
    }
    first.leave(Went::Answered);
    for task in waiting {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [5, 5, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_takes_no_place() {
    let pace = Arc::new(Pace::new(1));
    let first = pace.enter(0).await;
    let waiting = tokio::spawn({
        let pace = pace.clone();
        async move { drop(pace.enter(0).await) }
    });
    tokio::task::yield_now().await;
    waiting.abort();
    let _ = waiting.await;
    first.leave(Went::Answered);
    tokio::time::timeout(Duration::from_secs(1), pace.enter(0)).await.expect("the place is free");
}
