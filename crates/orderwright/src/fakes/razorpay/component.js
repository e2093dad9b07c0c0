// A stand-in for Razorpay's checkout.js, with the calls that the payment page makes. The card is typed into a frame of this origin.
(() => {
  const origin = new URL(document.currentScript.src).origin;
  window.Razorpay = class {
    constructor(options) {
      if (!options.key || !options.order_id) throw new Error('Razorpay: key and order_id are required');
      this.options = options;
      this.handlers = {};
    }
    on(event, handler) {
      this.handlers[event] = handler;
    }
    open() {
      const frame = document.createElement('iframe');
      frame.src = `${origin}/v1/checkout/frame?order_id=${this.options.order_id}`;
      frame.className = 'razorpay-checkout-frame';
      frame.style.cssText = 'width:100%;height:200px;border:0';
      const heard = (event) => {
        if (event.origin !== origin) return;
        if (event.data.error) {
          this.handlers['payment.failed']?.({ error: event.data.error });
          return;
        }
        removeEventListener('message', heard);
        frame.remove();
        this.options.handler(event.data);
      };
      addEventListener('message', heard);
      document.body.append(frame);
    }
  };
})();
