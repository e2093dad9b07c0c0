// The payment page: mounts the provider's component, and asks the server what became of the payment. It never sees a card number.
(() => {
  const status = document.querySelector('#status');
  const form = document.querySelector('#pay');
  const say = (text) => { if (status) status.textContent = text; };
  const check = async (told) => {
    const answer = await fetch(`${location.pathname}/check`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(told || {}),
    });
    return answer.json();
  };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  // Asks until the payment is paid or failed; the server asks the provider each time.
  const settle = async (told) => {
    for (let pause = 500; pause < 20000; pause *= 1.5) {
      const { state, message, detail } = await check(told).catch(() => ({ state: 'processing' }));
      if (state === 'paid') {
        document.body.dataset.state = 'paid';
        form?.remove();
        return say('The payment is complete. You can close this page.');
      }
      if (state === 'verified') {
        document.body.dataset.state = 'verified';
        form?.remove();
        return say('The card was verified, and nothing was taken. You can close this page.');
      }
      if (state === 'failed') {
        document.body.dataset.state = 'failed';
        form?.remove();
        return say(message);
      }
      if (detail) return say(detail);
      told = undefined;
      await wait(pause);
    }
    say('The provider has not answered yet. Load this page again in some minutes; do not pay twice.');
  };
  const busy = (is) => { const button = document.querySelector('#submit'); if (button) button.disabled = is; };

  const stripe = async ({ key, secret, setup, confirmOnly }) => {
    const provider = window.Stripe(key);
    const done = `${location.origin}${location.pathname}?returned=1`;
    if (confirmOnly === 'true') {
      document.querySelector('#submit').textContent = 'Confirm with your bank';
    }
    let elements;
    if (confirmOnly !== 'true') {
      elements = provider.elements({ clientSecret: secret });
      elements.create('payment').mount('#card');
    }
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      busy(true);
      say('One moment, please.');
      const options = { elements, confirmParams: { return_url: done }, redirect: 'if_required' };
      const confirm = setup === 'true' ? provider.confirmSetup : provider.confirmPayment;
      let result = confirmOnly === 'true' ? await provider.handleNextAction({ clientSecret: secret }) : await confirm(options);
      const intent = result.paymentIntent || result.setupIntent;
      // The real component asks the bank by itself; where it leaves that to the page, the page does it.
      if (intent && intent.status === 'requires_action') {
        result = await provider.handleNextAction({ clientSecret: secret });
      }
      if (result.error) {
        say(result.error.message || 'The payment was not taken. Try another card.');
        return busy(false);
      }
      return settle();
    });
  };

  const razorpay = ({ key, order }) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      busy(true);
      const checkout = new window.Razorpay({ key, order_id: order, handler: (told) => settle(told) });
      checkout.on('payment.failed', ({ error }) => {
        say(error.description || 'The payment was not taken. Try another way to pay.');
        busy(false);
      });
      checkout.open();
    });
  };

  const again = document.querySelector('#again');
  again?.addEventListener('click', async () => {
    again.disabled = true;
    say('One moment, please.');
    // Whatever the answer is, the page shows how the payment stands.
    await fetch(`${location.pathname}/again`, { method: 'POST' }).catch(() => undefined);
    location.reload();
  });

  if (form) {
    const component = form.dataset.provider === 'stripe' ? window.Stripe : window.Razorpay;
    if (!component) {
      say('The payment provider could not be loaded. Check the connection, and load this page again.');
      busy(true);
    } else if (form.dataset.provider === 'stripe') {
      stripe(form.dataset);
    } else {
      razorpay(form.dataset);
    }
  }
  if (document.body.dataset.state === 'processing' || (form && new URLSearchParams(location.search).has('returned'))) settle();
})();
