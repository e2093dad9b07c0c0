//! Lists and finders of orders.

use super::{
    engine::{Dice, Place},
    lists_model::{self as model, Known},
    shop::*,
};
use orderwright::store::*;

const SORTS: [&str; 12] = [
    "createdAt",
    "-createdAt",
    "total",
    "-total",
    "status",
    "-status",
    "updatedAt",
    "-updatedAt",
    "itemName",
    "-itemName",
    "transactionId",
    "-transactionId",
];

async fn fill(store: &Store, orders: &[Known]) {
    done(store, |cs| {
        for (id, name, email) in model::PEOPLE {
            cs.insert_contact(&ContactRow {
                id,
                subject: id,
                name: name.into(),
                email: Some(email.into()),
                phone: None,
                address: None,
            });
        }
        let mut id = 0;
        for order in orders {
            cs.insert_order(&order.row);
            for (sku, merchant) in &order.items {
                id += 1;
                cs.insert_order_item(id, order.row.id, sku, *merchant, order.row.created_at);
            }
            for merchant in &order.merchants {
                id += 1;
                cs.insert_merchant_order(id, *merchant, order.row.id, 0, order.row.created_at);
            }
        }
    })
    .await;
}

pub async fn lists_agree_with_a_naive_model(place: Place) {
    let store = place.open().await;
    let mut dice = Dice::new(11);
    let orders = model::orders(&mut dice, 150);
    fill(&store, &orders).await;
    let (mut found, mut pages) = (0, 0);
    for round in 0..300 {
        let scope = match dice.below(6) {
            0 => Scope::Channel((*dice.pick(&model::CHANNELS)).into()),
            1 => Scope::Merchant(dice.below(4) as i64),
            2 => Scope::Customer(dice.below(6) as i64),
            3 if round % 10 == 0 => Scope::None,
            _ => Scope::All,
        };
        let filter = if round == 0 { OrderFilter::default() } else { model::filter(&mut dice, &orders) };
        let sort: Sort = dice.pick(&SORTS).parse().expect("a sort");
        let mut expected: Vec<&Known> =
            orders.iter().filter(|o| model::in_scope(&scope, o) && model::passes(&filter, o)).collect();
        model::sort(&mut expected, sort);
        let expected: Vec<&OrderRow> = expected.into_iter().map(|o| &o.row).collect();
        found += expected.len();

        let limit = 1 + dice.below(40) as u32;
        let mut seen: Vec<OrderRow> = Vec::new();
        let mut page = Page::First { limit };
        loop {
            let got = store.list_orders(&scope, &filter, sort, page).await.expect("listed");
            pages += 1;
            assert!(got.rows.len() <= limit as usize);
            seen.extend(got.rows);
            let Some(next) = got.next else { break };
            // A cursor goes through a client and comes back.
            page = Page::After { cursor: next.to_string().parse().expect("a cursor"), limit };
        }
        assert!(
            seen.iter().eq(expected.iter().copied()),
            "{scope:?} {filter:?} {sort} {limit}\n{:?}\n{:?}",
            seen.iter().map(|o| o.id).collect::<Vec<_>>(),
            expected.iter().map(|o| o.id).collect::<Vec<_>>()
        );

        let offset = dice.below(expected.len() + 2);
        let got = store
            .list_orders(&scope, &filter, sort, Page::Offset { offset: offset as u32, limit })
            .await
            .expect("listed");
        let rest = expected.get(offset..).unwrap_or_default();
        assert!(got.rows.iter().eq(rest.iter().copied().take(limit as usize)), "{scope:?} {filter:?} {sort} {offset}");
        assert_eq!(got.next.is_some(), rest.len() > limit as usize);
    }
    assert!(found > 3_000 && pages > 400, "the filters find too little to prove anything: {found} in {pages} pages");
}

/// More orders than a page looks at, and few that pass: pages are short, and together they have everything once.
pub async fn a_rare_order_is_found_page_by_page(place: Place) {
    let store = place.open().await;
    let rare = |id: i64| [7, 900, 1_700, 2_399].contains(&id);
    for begin in (0..2_400).step_by(300) {
        done(&store, |cs| {
            for id in begin + 1..=begin + 300 {
                let mut row = order(id);
                row.payment_status = if rare(id) { "disputed" } else { "captured" }.into();
                (row.created_at, row.updated_at, row.total) = (id, id % 97, id % 13);
                cs.insert_order(&row);
            }
        })
        .await;
    }
    let filter = OrderFilter { payment_status: vec!["disputed".into()], ..OrderFilter::default() };
    for sort in SORTS {
        let sort: Sort = sort.parse().expect("a sort");
        let (mut found, mut pages) = (Vec::new(), 0);
        let mut page = Page::First { limit: 3 };
        loop {
            let got = store.list_orders(&Scope::All, &filter, sort, page).await.expect("listed");
            pages += 1;
            found.extend(got.rows.into_iter().map(|row| row.id));
            let Some(next) = got.next else { break };
            page = Page::After { cursor: next.to_string().parse().expect("a cursor"), limit: 3 };
        }
        found.sort_unstable();
        assert_eq!(found, [7, 900, 1_700, 2_399], "{sort}");
        let most = if [SortKey::Total, SortKey::ItemName, SortKey::TransactionId].contains(&sort.key) {
            2_400 / 160 + 5
        } else {
            5
        };
        assert!((3..=most).contains(&pages), "{sort}: {pages} pages");
    }
}

pub async fn a_cursor_of_another_sort_is_refused(place: Place) {
    let store = place.open().await;
    fill(&store, &model::orders(&mut Dice::new(1), 3)).await;
    let by_total: Sort = "total".parse().expect("a sort");
    let list = async |sort, page| store.list_orders(&Scope::All, &OrderFilter::default(), sort, page).await;
    let cursor = list(by_total, Page::First { limit: 1 }).await.expect("listed").next.expect("more");
    let page = Page::After { cursor, limit: 1 };
    assert!(list(by_total, page.clone()).await.is_ok());
    assert!(matches!(list(Sort::default(), page).await, Err(StoreError::Invalid(_))));
}

pub async fn finders_stay_in_scope(place: Place) {
    let store = place.open().await;
    super::shop::place(&store, &order(1)).await;
    done(&store, |cs| _ = cs.insert_merchant_order(11, 8, 1, 0, 10).insert_merchant_order(12, 9, 1, 0, 10)).await;
    let scopes = [
        (Scope::All, true),
        (Scope::Channel("blinds".into()), true),
        (Scope::Channel("retail".into()), false),
        (Scope::Merchant(8), true),
        (Scope::Merchant(1), false),
        (Scope::Customer(1), true),
        (Scope::Customer(8), false),
        (Scope::None, false),
    ];
    for (scope, inside) in scopes {
        let found = [
            store.find_order(&scope, 1).await.expect("read"),
            store.find_order_by_number(&scope, "T-1").await.expect("read"),
            store.find_order_of_merchant_order(&scope, 11).await.expect("read"),
        ];
        for order in found {
            assert_eq!(order.is_some(), inside, "{scope:?}");
        }
        assert_eq!(store.find_order(&scope, 2).await.expect("read"), None);
    }
    let others = store.find_order_of_merchant_order(&Scope::Merchant(8), 12).await.expect("read");
    assert_eq!(others, None, "another merchant's part is none of theirs");
}
