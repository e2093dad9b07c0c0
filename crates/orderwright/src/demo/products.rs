//! What the demo sells: the lines of its price lists, by channel, in the order in which they are listed.
//!
//! The first two of each channel are for whoever tries things out: they have [`PLENTY`] units, and no generated order touches them.

/// Units of the first two lines of each channel.
pub const PLENTY: i64 = 100_000;

/// A line of a price list.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Stock keeping unit.
    pub sku: &'static str,
    /// For people.
    pub name: &'static str,
    /// Who sells or makes it: a name of the channel's merchants.
    pub merchant: &'static str,
    /// Whose label it carries.
    pub brand: Option<&'static str>,
    /// Of one unit, in minor units.
    pub price: i64,
    /// Percent.
    pub tax: &'static str,
    /// Units on hand at the beginning.
    pub on_hand: i64,
    /// Whether it may be cancelled after work on it began.
    pub late: bool,
}

const fn line(
    sku: &'static str,
    name: &'static str,
    merchant: &'static str,
    price: i64,
    tax: &'static str,
    on_hand: i64,
) -> Product {
    Product { sku, name, merchant, brand: None, price, tax, on_hand, late: false }
}

/// A blind: with a brand, and the supplier's policy on late cancellation.
const fn blind(
    sku: &'static str,
    name: &'static str,
    (merchant, late): (&'static str, bool),
    brand: &'static str,
    price: i64,
    on_hand: i64,
) -> Product {
    Product { sku, name, merchant, brand: Some(brand), price, tax: "20", on_hand, late }
}

/// The makers of the blinds, and whether they let an order be cancelled when they are at it.
const NORTHLIGHT: (&str, bool) = ("Northlight Blinds", false);
const SEVERN: (&str, bool) = ("Severn Shade Works", true);
/// The labels that blinds are sold under.
const LUMINARA: &str = "luminara";
const HOLLIN: &str = "hollin-and-rowe";

/// Blinds made to measure (pounds, VAT inside).
pub const BLINDS: &[Product] = &[
    blind("BLD-ROLLER-GREY-120", "Roller blind, slate grey, 120 cm", NORTHLIGHT, LUMINARA, 5_900, PLENTY),
    blind("BLD-VENETIAN-OAK-90", "Venetian blind, oak, 90 cm", NORTHLIGHT, HOLLIN, 11_400, PLENTY),
    blind("BLD-ROMAN-LINEN-150", "Roman blind, natural linen, 150 cm", SEVERN, HOLLIN, 16_900, 140),
    blind("BLD-BLACKOUT-NAVY-180", "Blackout roller blind, navy, 180 cm", NORTHLIGHT, LUMINARA, 8_950, 220),
    blind("BLD-PLEATED-IVORY-60", "Pleated blind, ivory, 60 cm", SEVERN, LUMINARA, 6_450, 180),
    blind("BLD-VERTICAL-WHITE-200", "Vertical blind, white, 200 cm", NORTHLIGHT, LUMINARA, 9_700, 160),
    blind("BLD-SHUTTER-PINE-100", "Café shutter, painted pine, 100 cm", SEVERN, HOLLIN, 24_900, 90),
    blind("BLD-SKYLIGHT-GREY-78", "Skylight blind, dove grey, 78 cm", NORTHLIGHT, LUMINARA, 7_800, 130),
    blind("BLD-DAYNIGHT-STONE-140", "Day and night blind, stone, 140 cm", SEVERN, HOLLIN, 13_250, 120),
    blind("BLD-BAMBOO-NATURAL-90", "Bamboo blind, natural, 90 cm", SEVERN, LUMINARA, 5_200, 150),
];

const INDUS: &str = "Indus Home Store";
const MALABAR: &str = "Malabar Pantry";

/// Things for the home and the kitchen (rupees, GST on top).
pub const RETAIL: &[Product] = &[
    line("RTL-KETTLE-STEEL-17", "Stainless steel kettle, 1.7 litres", INDUS, 179_900, "18", PLENTY),
    line("RTL-SHEETSET-COTTON-KING", "Cotton sheet set, king size", INDUS, 249_900, "12", PLENTY),
    line("RTL-TEA-ASSAM-500", "Assam tea, 500 g", MALABAR, 42_500, "5", 400),
    line("RTL-SPICEBOX-BRASS-9", "Spice box, brass, nine tins", MALABAR, 135_000, "12", 180),
    line("RTL-PRESSURECOOKER-5L", "Pressure cooker, 5 litres", INDUS, 289_000, "18", 220),
    line("RTL-COFFEE-COORG-250", "Coorg coffee, medium roast, 250 g", MALABAR, 37_500, "5", 360),
    line("RTL-LAMP-JUTE-TABLE", "Table lamp with a jute shade", INDUS, 159_900, "18", 140),
    line("RTL-RUG-DHURRIE-4X6", "Dhurrie rug, 4 × 6 ft", INDUS, 349_900, "12", 90),
    line("RTL-CASHEW-W240-500", "Cashew nuts W240, 500 g", MALABAR, 62_000, "5", 300),
    line("RTL-TAWA-IRON-28", "Cast iron tawa, 28 cm", INDUS, 119_000, "18", 170),
];

const CEDAR: &str = "Cedar & Salt";
const RIVERBEND: &str = "Riverbend Outfitters";
const PAPER: &str = "Paper Lantern Press";
const HIGH: &str = "High Desert Clay";

/// A market of small sellers (dollars, no tax).
pub const BAZAAR: &[Product] = &[
    line("BZR-CANDLE-CEDAR-8OZ", "Cedar and amber candle, 8 oz", CEDAR, 2_400, "0", PLENTY),
    line("BZR-SOAP-SALT-3PK", "Sea salt soap, set of three", CEDAR, 1_850, "0", PLENTY),
    line("BZR-TOTE-CANVAS-OLIVE", "Waxed canvas tote, olive", RIVERBEND, 6_800, "0", 160),
    line("BZR-BLANKET-WOOL-CAMP", "Camp blanket, recycled wool", RIVERBEND, 11_900, "0", 110),
    line("BZR-NOTEBOOK-LINEN-A5", "Notebook, linen cover, A5", PAPER, 1_600, "0", 380),
    line("BZR-PRINT-HERON-11X14", "Letterpress print, heron, 11 × 14 in", PAPER, 3_800, "0", 200),
    line("BZR-MUG-SPECKLE-12OZ", "Speckled stoneware mug, 12 oz", HIGH, 3_200, "0", 260),
    line("BZR-PLANTER-TERRA-6IN", "Terracotta planter, 6 in", HIGH, 2_900, "0", 190),
    line("BZR-DIFFUSER-PINE-100ML", "Reed diffuser, pine, 100 ml", CEDAR, 3_400, "0", 240),
    line("BZR-BELT-LEATHER-34", "Bridle leather belt, 34 in", RIVERBEND, 7_200, "0", 120),
];

const MARLOWE: &str = "Marlowe Letterworks";
const OYELARAN: &str = "Oyelaran Portraits";

/// Work made on request (dollars, no tax, nothing to ship).
pub const STUDIO: &[Product] = &[
    line("STD-PORTRAIT-PET-DIGITAL", "Pet portrait, digital", OYELARAN, 9_500, "0", PLENTY),
    line("STD-PORTRAIT-COUPLE-INK", "Couple's portrait in ink", OYELARAN, 18_000, "0", PLENTY),
    line("STD-POEM-BIRTHDAY-1PG", "A birthday poem, one page", MARLOWE, 4_500, "0", 400),
    line("STD-LOGO-SMALLSHOP", "Logo for a small shop", MARLOWE, 32_000, "0", 300),
    line("STD-INVITATION-WEDDING-SUITE", "Wedding invitation suite, lettered", MARLOWE, 27_500, "0", 300),
    line("STD-PORTRAIT-FAMILY-5", "Family portrait, up to five people", OYELARAN, 24_000, "0", 300),
    line("STD-MAP-ILLUSTRATED-TOWN", "Illustrated map of your town", OYELARAN, 21_000, "0", 300),
    line("STD-CREST-FAMILY", "Family crest, drawn", MARLOWE, 14_500, "0", 300),
    line("STD-BOOKPLATE-EXLIBRIS", "Ex libris bookplate", MARLOWE, 7_500, "0", 400),
];

const LUMEN: &str = "Lumen Leuchten";
const ATELIER: &str = "Atelier Garance";
const FJORD: &str = "Fjord & Tanne";
const BOTTEGA: &str = "Bottega Alba";

/// A mall of four houses (euros, VAT inside).
pub const MALL: &[Product] = &[
    line("MAL-LAMP-ARC-BRASS", "Arc lamp, brushed brass", LUMEN, 18_900, "19", PLENTY),
    line("MAL-SCARF-SILK-INDIGO", "Silk scarf, indigo", ATELIER, 7_900, "19", PLENTY),
    line("MAL-STOOL-BIRCH-45", "Stool, solid birch, 45 cm", FJORD, 12_900, "19", 150),
    line("MAL-MOKA-STEEL-6", "Moka pot, steel, six cups", BOTTEGA, 4_490, "19", 320),
    line("MAL-PENDANT-GLASS-SMOKE", "Pendant light, smoked glass", LUMEN, 9_900, "19", 180),
    line("MAL-GLOVES-LEATHER-M", "Leather gloves, size M", ATELIER, 6_900, "19", 210),
    line("MAL-THROW-LAMBSWOOL-GREY", "Lambswool throw, grey", FJORD, 8_900, "19", 190),
    line("MAL-PASTABOARD-OLIVEWOOD", "Pasta board, olive wood", BOTTEGA, 5_400, "19", 230),
    line("MAL-BULB-FILAMENT-E27-3PK", "Filament bulbs E27, set of three", LUMEN, 1_990, "19", 480),
    line("MAL-COATRACK-OAK", "Coat rack, oiled oak", FJORD, 16_500, "19", 110),
    line("MAL-APRON-LINEN-RUST", "Linen apron, rust", ATELIER, 4_900, "19", 260),
    line("MAL-GRINDER-SALT-WALNUT", "Salt mill, walnut", BOTTEGA, 3_900, "19", 280),
];
