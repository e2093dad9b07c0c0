"""What schemathesis cannot know by itself, as one more check: a refusal of schema-valid data must be one that no schema can say.

The built-in check `positive_data_acceptance` is told (in schemathesis.toml) that 409, 412 and 422 are answers to valid data. This check
takes back most of that: a 422 is right only when each field that it names is on the list below, with the words of that refusal. Whatever
else is refused is a bound that the OpenAPI document forgot.
"""

import re

import schemathesis

# The code of a refusal as a whole: the workflow of the order decides which words there are.
CODES = {"unknown_event", "unknown_status", "idempotency_key_reused", "workflow_refused"}

# Pointer, words of the detail, and why no schema says it.
REASONS = [
    (r"/.*", r"floating point `-?\d+\.0`, expected i64", "to JSON Schema 1.0 is an integer, and whole numbers are written as such"),
    (r"If-Match", r"one tag as ETag gave it", "schemathesis has its own values for this header, lists and bare words among them, and asks no pattern"),
    (r"after", r"must be a nextCursor|must be an id|cursor", "a cursor is opaque"),
    (r"page", r"page × limit|either page or after", "two parameters together"),
    (r"status", r"is none of", "the published workflows decide which statuses there are"),
    (r"sort", r"merchants do not see payments", "one document for all roles"),
    (r"/channel", r"no such channel", "channels are the shop's"),
    (r"/items/\d+/sku", r"no such SKU", "SKUs are the shop's"),
    (r"/items/\d+/metadata", r"bytes|NUL", "the size of a whole object"),
    (r"/items/\d+/quantity", r"must be between 1 and", "as many as the line has"),
    (r"/items/\d+/itemId", r"named twice", "two entries together"),
    (r"/items", r"more than an order can hold|add up|too large|at most", "a sum over the entries"),
    (r"/.*", r"looks like a card number", "no schema knows Luhn's check"),
    (r"/paymentProvider", r"set up", "providers are set up on the server"),
    (r"/provider", r"set up", "providers are set up on the server"),
    (r"/party", r"no merchant|no offer, order, rule or channel", "parties are the shop's"),
    (r"/party", r"a party's ledger account", "kinds of parties are in the chart of accounts"),
    (r"party", r"a party's ledger account", "kinds of parties are in the chart of accounts"),
    (r"(/debtor)?/iban", r"IBAN|country|typing error", "check digits, and the length of each country's"),
    (r"/(iban|accountNumber|bankCode)", r"give either|give an iban|needs the bank's code|1 to 34", "several fields together, and blanks that do not count"),
    (r"(/debtor)?/(holder|name)", r"account holder's name", "blanks around a name do not count"),
    (r"/schedule", r"say what to change", "several fields together"),
    (r"/debtor", r"leave party out", "two fields together"),
    (r"/account", r"no such account|linked account", "accounts are the provider's"),
    (r"/paymentMethod", r"this channel takes", "methods are the channel's"),
    (r"/discountCode", r"", "codes are the channel's"),
    (r"/shippingAddress", r"", "the channel decides whether it ships"),
    (r"/amount", r"sum of the items' amounts", "a sum over the entries"),
    (r"/amount", r"what is left of these items|only a partial refund|say how much|decide `partial`", "the outcome says whether there is one, the order how much is left"),
    (r"/items", r"several merchants", "whose the items are is the order's"),
    (r"/links/\d+", r"https?://", "the shape of an address is told in words"),
    (r"/readers", r"operator for a note", "who asks decides who can be meant"),
    (r"/amount", r"say how much", "goodwill needs an amount: two fields together"),
    (r"/items", r"goodwill is for no item", "two fields together"),
    (r"/items/\d+/restock", r"", "what was sent is the order's"),
    (r"/borneBy", r"only goodwill|must be the platform", "two fields together; parties are the order's"),
    (r"/restockingFee(/party)?", r"name the|give either|must be the platform", "fields together; parties are the order's"),
    (r"/restockingFee/amount", r"goods cost", "what the goods cost is the order's"),
    (r"/reference", r"of a bank transfer", "two fields together"),
    (r"/(default|rules/\d+/shares)", r"sum to", "a sum over the entries"),
    (r"/(default|rules/\d+/shares)/\d+/party", r"has a share already", "two entries together"),
    (r"/rules/\d+", r"make one of both", "two entries together"),
    (r"/rules/\d+/(sku|merchantId)", r"no such", "SKUs and merchants are the shop's"),
    (r"/rules/\d+/(shares|fixed)/\d+/id", r"no such|one platform|characters", "parties are the shop's, and there is one platform"),
    (r"/rules/\d+/(shippingTo|discountBorneBy|feesBorneBy)", r"one of the parties", "two fields together"),
    (r"/rules/\d+/commissionVatRate", r"percentage", "at most a thousand percent, whatever its decimals"),
    (r"/refundAutoApproveWithin", r"must be a time", "a span's length, whatever its unit"),
    (r"/onHand", r"give either onHand or adjust", "two fields together"),
    (r"/(advance|cancelWindow|disputeWindow|disputeReminder|life)", r"at most|hundred years|must be a time|must be between", "a span's length, whatever its unit"),
    (r"(account|currency)", r"no account|ISO 4217", "the chart of accounts and the list of currencies have pages of their own"),
    (r"sort", r"createdAt or -createdAt", "other lists have more to sort by"),
    (r"orderId", r"an order's id", "an empty one is as good as none"),
    (r"/(text|texts(/\d+)?)", r"", "a workflow file is checked as a whole"),
    (r"/(from|to|partnerTo|map|name|workflow)", r"", "versions and state maps are the shop's"),
    (r"/(timeZone|holidays(/\d+)?)", r"time zone|date", "names of time zones and dates of the calendar"),
    (r"/cancelWindow", r"say what to change", "several fields together"),
    (r"/merchantId", r"", "merchants are the order's"),
    (r"/(reason|trackingNumber|expectedBy|carrier|note|trackingUrl)", r"requires|needs|is required for", "the workflow says what an event requires"),
    (r"/\d+(/[^/]*)?", r"^line \d+: ", "a CSV file is checked line by line"),
]


@schemathesis.check
def refused_for_a_reason(ctx, response, case):
    """A 422 for schema-valid data names only what no schema can say."""
    meta = case.meta
    if response.status_code != 422 or meta is None or not meta.generation.mode.is_positive:
        return
    problem = response.json()
    if problem["code"] in CODES:
        return
    for error in problem.get("errors", []):
        pointer, detail = error["pointer"], error["detail"]
        known = any(re.fullmatch(place, pointer) and re.search(words, detail) for place, words, _ in REASONS)
        assert known, f"the document does not say that {pointer} {detail}"
    assert problem.get("errors"), f"refused without a field: {problem['detail']}"
