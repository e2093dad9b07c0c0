// Stripe's official client against our fake of Stripe: what the client understands, the fake says as the real one does.
// usage: node stripe.mjs <address of the fake>; MODULES names the folder with the installed packages.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const Stripe = createRequire(`${process.env.MODULES}/`)('stripe');
const url = new URL(process.argv[2]);
const options = { host: url.hostname, port: Number(url.port), protocol: 'http', maxNetworkRetries: 0, telemetry: false };
const stripe = new Stripe('sk_test_1', options);
const of = (promise) => promise.then(() => assert.fail('it should be refused'), (error) => error);

// Manual capture, in part; the rest is released.
let intent = await stripe.paymentIntents.create({
  amount: 5000, currency: 'usd', capture_method: 'manual', payment_method: 'pm_card_visa', confirm: true,
  allowed_payment_method_types: ['card'], metadata: { order: 'ord_1' }, transfer_group: 'ord_1', expand: ['latest_charge'],
});
assert.equal(intent.status, 'requires_capture');
assert.equal(intent.amount_capturable, 5000);
assert.ok(intent.latest_charge.payment_method_details.card.capture_before > intent.created);
let error = await of(stripe.paymentIntents.capture(intent.id, { amount_to_capture: 5001 }));
assert.equal(error.code, 'amount_too_large');
intent = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 4000, expand: ['latest_charge.balance_transaction'] });
assert.deepEqual([intent.status, intent.amount_received], ['succeeded', 4000]);
assert.equal(intent.latest_charge.balance_transaction.net, 4000 - intent.latest_charge.balance_transaction.fee);
error = await of(stripe.paymentIntents.capture(intent.id));
assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError);
assert.equal(error.code, 'payment_intent_unexpected_state');
assert.equal(error.payment_intent.id, intent.id);

// Declines are card errors that carry the intent.
error = await of(stripe.paymentIntents.create({
  amount: 700, currency: 'usd', payment_method: 'pm_card_chargeDeclinedInsufficientFunds', confirm: true,
  allowed_payment_method_types: ['card'],
}));
assert.ok(error instanceof Stripe.errors.StripeCardError);
assert.deepEqual([error.statusCode, error.code, error.decline_code], [402, 'card_declined', 'insufficient_funds']);
assert.equal(error.payment_intent.status, 'requires_payment_method');

// What Stripe does not know is refused.
error = await of(stripe.paymentIntents.create({ amount: 700, currency: 'usd', colour: 'red' }));
assert.deepEqual([error.code, error.param], ['parameter_unknown', 'colour']);
error = await of(stripe.paymentIntents.create({ currency: 'usd' }));
assert.deepEqual([error.code, error.param], ['parameter_missing', 'amount']);
error = await of(stripe.paymentIntents.create({ amount: 'x', currency: 'usd' }));
assert.equal(error.code, 'parameter_invalid_integer');
error = await of(stripe.paymentIntents.retrieve('pi_none'));
assert.deepEqual([error.statusCode, error.code], [404, 'resource_missing']);

// Idempotency: the same again, another body, and that the effect was one.
const body = { amount: 900, currency: 'eur', capture_method: 'manual', payment_method: 'pm_card_visa', confirm: true };
const first = await stripe.paymentIntents.create(body, { idempotencyKey: 'key-1' });
const again = await stripe.paymentIntents.create(body, { idempotencyKey: 'key-1' });
assert.equal(again.id, first.id);
assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
error = await of(stripe.paymentIntents.create({ ...body, amount: 901 }, { idempotencyKey: 'key-1' }));
assert.ok(error instanceof Stripe.errors.StripeIdempotencyError);
await stripe.paymentIntents.cancel(first.id, { cancellation_reason: 'abandoned' });
const cancelled = await stripe.paymentIntents.retrieve(first.id);
assert.deepEqual([cancelled.status, cancelled.cancellation_reason], ['canceled', 'abandoned']);

// Refunds: in part, too much, one that fails later.
const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 1500, metadata: { refund: 'r1' } });
assert.deepEqual([refund.object, refund.status, refund.amount], ['refund', 'succeeded', 1500]);
error = await of(stripe.refunds.create({ payment_intent: intent.id, amount: 4000 }));
assert.match(error.message, /greater than unrefunded amount on charge \(\$25\.00\)/);
await stripe.refunds.create({ payment_intent: intent.id });
error = await of(stripe.refunds.create({ payment_intent: intent.id }));
assert.equal(error.code, 'charge_already_refunded');
const listed = await stripe.refunds.list({ payment_intent: intent.id, limit: 1 });
assert.deepEqual([listed.data.length, listed.has_more], [1, true]);
let count = 0;
for await (const each of stripe.refunds.list({ payment_intent: intent.id, limit: 1 })) count += each.object === 'refund';
assert.equal(count, 2);

// A card that is verified and charged later, without its holder.
const customer = await stripe.customers.create({ metadata: { order: 'ord_2' } });
const setup = await stripe.setupIntents.create({
  customer: customer.id, payment_method: 'pm_card_visa', confirm: true, usage: 'off_session', allowed_payment_method_types: ['card'],
});
assert.equal(setup.status, 'succeeded');
const later = await stripe.paymentIntents.create({
  amount: 1200, currency: 'usd', customer: customer.id, payment_method: setup.payment_method, off_session: true, confirm: true,
});
assert.equal(later.status, 'succeeded');

// Connect: an account, its link, transfers within what was charged, reversals.
const account = await stripe.accounts.create({ type: 'express', country: 'US', capabilities: { transfers: { requested: true } } });
const link = await stripe.accountLinks.create({
  account: account.id, type: 'account_onboarding', refresh_url: 'https://shop.example/a', return_url: 'https://shop.example/b',
});
assert.match(link.url, /^https:/);
const transfer = { amount: 1000, currency: 'usd', destination: account.id, source_transaction: later.latest_charge };
await of(stripe.transfers.create(transfer));
await fetch(new URL('/_fake/act', url), { method: 'POST', body: JSON.stringify({ id: account.id, act: 'activate' }) });
assert.equal((await stripe.accounts.retrieve(account.id)).capabilities.transfers, 'active');
const moved = await stripe.transfers.create(transfer);
await of(stripe.transfers.create({ ...transfer, amount: 201 }));
const reversal = await stripe.transfers.createReversal(moved.id, { amount: 400 });
assert.deepEqual([reversal.object, reversal.amount, reversal.transfer], ['transfer_reversal', 400, moved.id]);
await stripe.transfers.createReversal(moved.id);
error = await of(stripe.transfers.createReversal(moved.id));
assert.match(error.message, /already fully reversed/);
const balance = await stripe.balance.retrieve({}, { stripeAccount: account.id });
assert.equal(balance.available[0].amount, 0);

// A dispute, evidence, and how it ends.
const paid = await stripe.paymentIntents.create({
  amount: 3000, currency: 'usd', payment_method: 'pm_card_createDispute', confirm: true, allowed_payment_method_types: ['card'],
});
const [dispute] = (await stripe.disputes.list({ payment_intent: paid.id })).data;
assert.equal(dispute.status, 'needs_response');
await of(stripe.disputes.update(dispute.id, { evidence: { nonsense: 'x' } }));
const answered = await stripe.disputes.update(dispute.id, { evidence: { shipping_tracking_number: '1Z' }, submit: true });
assert.deepEqual([answered.status, answered.evidence.shipping_tracking_number], ['under_review', '1Z']);

// Events, and a webhook that the official client believes.
const events = await stripe.events.list({ type: 'charge.dispute.created' });
assert.equal(events.data[0].data.object.id, dispute.id);
const payload = JSON.stringify(events.data[0]);
const header = stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_1' });
assert.equal(stripe.webhooks.constructEvent(payload, header, 'whsec_1').id, events.data[0].id);
console.log(JSON.stringify({ payload, header }));
