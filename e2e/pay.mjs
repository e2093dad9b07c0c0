// A real browser on the payment page: enters a card in the provider's component and waits until the page says that it is paid.
// usage: node pay.mjs <page> <provider> <card number> <wanted state>; MODULES and CHROMIUM say where things are.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { chromium } = createRequire(`${process.env.MODULES}/`)('playwright-core');
const [, , address, provider, number, wanted] = process.argv;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage();
const sent = [];
const wrong = [];
page.on('request', (request) => sent.push({ url: request.url(), body: request.postData() || '' }));
page.on('pageerror', (error) => wrong.push(String(error)));
page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
try {
  await page.goto(address);
  // After a decline the customer begins another attempt first.
  if (await page.locator('#again').count()) {
    await page.click('#again');
    await page.waitForSelector('#pay');
  }
  if (provider === 'stripe') {
    const card = page.frameLocator('#card iframe');
    await card.locator('#number').fill(number);
    await card.locator('#expiry').fill('12/34');
    await card.locator('#cvc').fill('123');
    await page.click('#submit');
  } else {
    await page.click('#submit');
    const card = page.frameLocator('iframe.razorpay-checkout-frame');
    await card.locator('#number').fill(number);
    await card.locator('button').click();
  }
  if (wanted === 'paid') {
    await page.waitForSelector('body[data-state="paid"]', { timeout: 30000 });
  } else if (wanted === 'verified') {
    await page.waitForFunction(() => document.querySelector('#status').textContent.includes('verified'), null, { timeout: 30000 });
  } else {
    await page.waitForFunction(() => /declined|not taken|insufficient/i.test(document.querySelector('#status').textContent), null, { timeout: 30000 });
  }
  // The number went to the provider's host, and to nobody else.
  const home = new URL(address).origin;
  assert.ok(sent.some(({ url }) => new URL(url).origin !== home), 'the component was asked');
  for (const { url, body } of sent.filter(({ url }) => new URL(url).origin === home)) {
    assert.ok(!url.includes(number) && !body.includes(number), `the card number was sent to ${url}`);
  }
  assert.ok(!(await page.content()).includes(number), 'the card number is on our page');
  // A declined card is an error of the provider's call, and that alone.
  assert.deepEqual(wrong.filter((text) => !/402/.test(text)), [], 'nothing was refused by the policy, and no script failed');
} finally {
  await browser.close();
}
console.log(JSON.stringify({ state: wanted, requests: sent.length }));
