// A stand-in for Stripe.js v3, with the calls that the payment page makes. The card is typed into a frame of this origin.
(() => {
  const origin = new URL(document.currentScript.src).origin;
  window.Stripe = (key) => {
    if (!/^pk_/.test(key)) throw new Error('Stripe: the key must be publishable');
    const elements = ({ clientSecret } = {}) => {
      let frame;
      return {
        clientSecret,
        create: (type) => ({
          mount: (where) => {
            frame = document.createElement('iframe');
            frame.src = `${origin}/v3/frame?type=${type}`;
            frame.title = 'Secure card payment input frame';
            frame.style.cssText = 'width:100%;height:120px;border:0';
            document.querySelector(where).append(frame);
          },
        }),
        // Asks the frame to send the card to the fake, and answers with what came of it.
        ask: (message) => new Promise((resolve) => {
          const id = Math.random().toString(36).slice(2);
          const heard = (event) => {
            if (event.origin !== origin || event.data.id !== id) return;
            window.removeEventListener('message', heard);
            resolve(event.data.answer);
          };
          window.addEventListener('message', heard);
          frame.contentWindow.postMessage({ id, key, clientSecret, ...message }, origin);
        }),
      };
    };
    const confirm = (kind) => async ({ elements, confirmParams, redirect }) => {
      const answer = await elements.ask({ kind });
      if (answer.error) return { error: answer.error };
      const name = kind === 'setup_intents' ? 'setupIntent' : 'paymentIntent';
      if (redirect === 'if_required') return { [name]: answer };
      location.assign(confirmParams.return_url);
      return { [name]: answer };
    };
    return {
      elements,
      confirmPayment: confirm('payment_intents'),
      confirmSetup: confirm('setup_intents'),
      handleNextAction: async ({ clientSecret }) => {
        const id = clientSecret.split('_secret')[0];
        const kind = id.startsWith('seti_') ? 'setup_intents' : 'payment_intents';
        const answer = await fetch(`${origin}/v1/${kind}/${id}/authenticate`, { method: 'POST' });
        const body = await answer.json();
        return body.error ? { error: body.error } : { paymentIntent: body };
      },
    };
  };
})();
