// Razorpay's official client against our fake of Razorpay: what the client understands, the fake says as the real one does.
// usage: node razorpay.mjs <address of the fake>; MODULES names the folder with the installed packages.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createHmac } from 'node:crypto';

const Razorpay = createRequire(`${process.env.MODULES}/`)('razorpay');
const url = process.argv[2];
const razorpay = new Razorpay({ key_id: 'rzp_test_1', key_secret: 'secret' });
razorpay.api.rq.defaults.baseURL = url;
const act = async (id, what, more = {}) =>
  (await fetch(`${url}/_fake/act`, { method: 'POST', body: JSON.stringify({ id, act: what, ...more }) })).json();
const of = (promise) => promise.then(() => assert.fail('it should be refused'), (error) => error);

const order = await razorpay.orders.create({
  amount: 50000, currency: 'INR', receipt: 'job_1', notes: { order: 'ord_1' },
  payment: { capture: 'manual', capture_options: { manual_expiry_period: 7200, refund_speed: 'normal' } },
});
assert.deepEqual([order.entity, order.status, order.amount_due], ['order', 'created', 50000]);
assert.equal((await razorpay.orders.all({ receipt: 'job_1' })).items[0].id, order.id);
assert.equal((await razorpay.orders.all({ receipt: 'job_2' })).count, 0);
let error = await of(razorpay.orders.create({ amount: 50, currency: 'INR' }));
assert.deepEqual([error.statusCode, error.error.code, error.error.field], [400, 'BAD_REQUEST_ERROR', 'amount']);

await act(order.id, 'pay', { card: 'declined' });
const payment = await act(order.id, 'pay');
const payments = await razorpay.orders.fetchPayments(order.id);
assert.deepEqual(payments.items.map((p) => p.status).sort(), ['authorized', 'failed']);
error = await of(razorpay.payments.capture(payment.id, 49999, 'INR'));
assert.equal(error.error.description, 'Capture amount must be equal to the amount authorized.');
const captured = await razorpay.payments.capture(payment.id, 50000, 'INR');
assert.deepEqual([captured.status, captured.captured], ['captured', true]);
assert.ok(captured.fee > captured.tax);
await of(razorpay.payments.capture(payment.id, 50000, 'INR'));
assert.equal((await razorpay.orders.fetch(order.id)).status, 'paid');

const refund = await razorpay.payments.refund(payment.id, { amount: 1000, notes: { refund: 'r1' } });
assert.deepEqual([refund.entity, refund.status, refund.amount], ['refund', 'processed', 1000]);
error = await of(razorpay.payments.refund(payment.id, { amount: 50000 }));
assert.match(error.error.description, /greater than the available amount/);
assert.equal((await razorpay.payments.fetchMultipleRefund(payment.id)).count, 1);

await act('acc_Merchant000001', 'open_account');
const transfers = await razorpay.payments.transfer(payment.id, {
  transfers: [{ account: 'acc_Merchant000001', amount: 20000, currency: 'INR', notes: { party: 'm' } }],
});
const transfer = transfers.items[0];
assert.equal(transfer.status, 'processed');
error = await of(razorpay.payments.transfer(payment.id, { transfers: [{ account: 'acc_Merchant000001', amount: 40000, currency: 'INR' }] }));
assert.match(error.error.description, /greater than the captured amount/);
const reversal = await razorpay.transfers.reverse(transfer.id, { amount: 5000 });
assert.deepEqual([reversal.entity, reversal.amount], ['reversal', 5000]);
assert.equal((await razorpay.transfers.fetch(transfer.id)).amount_reversed, 5000);

const dispute = await act(payment.id, 'dispute');
assert.equal((await razorpay.disputes.fetch(dispute.id)).status, 'open');
assert.equal((await razorpay.disputes.contest(dispute.id, { summary: 'delivered', action: 'submit' })).status, 'under_review');

// A webhook that the official client believes.
const body = JSON.stringify({ entity: 'event', event: 'payment.captured' });
const signature = createHmac('sha256', 'hook').update(body).digest('hex');
assert.ok(Razorpay.validateWebhookSignature(body, signature, 'hook'));
console.log(JSON.stringify({ payload: body, header: signature }));
