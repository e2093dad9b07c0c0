//! Who buys in the demo: invented people of many countries, with addresses at example.com.
//!
//! The first [`REGULARS`] have an account and a key of their own; the others buy as guests.

use crate::ops::people::{Address, Contact};

/// How many have an account.
pub const REGULARS: usize = 12;

/// Somebody.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    name: &'static str,
    mailbox: &'static str,
    line1: &'static str,
    city: &'static str,
    state: Option<&'static str>,
    postal_code: &'static str,
    country: &'static str,
    phone: &'static str,
}

impl Person {
    /// Their e-mail address.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.mailbox)
    }

    /// How to reach them.
    pub fn contact(&self) -> Contact {
        Contact { email: self.email(), name: self.name.to_owned(), phone: Some(self.phone.to_owned()) }
    }

    /// Where they live.
    pub fn address(&self) -> Address {
        Address {
            name: self.name.to_owned(),
            company: None,
            line1: self.line1.to_owned(),
            line2: None,
            city: self.city.to_owned(),
            state: self.state.map(str::to_owned),
            postal_code: self.postal_code.to_owned(),
            country: self.country.to_owned(),
            phone: Some(self.phone.to_owned()),
        }
    }
}

/// Those with an account.
pub fn regulars() -> &'static [Person] {
    &PEOPLE[..REGULARS]
}

/// Those who buy as guests.
pub fn guests() -> &'static [Person] {
    &PEOPLE[REGULARS..]
}

type Row =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const fn person((name, mailbox, line1, city, state, postal_code, country, phone): Row) -> Person {
    let state = if state.is_empty() { None } else { Some(state) };
    Person { name, mailbox, line1, city, state, postal_code, country, phone }
}

const PEOPLE: &[Person] = &[
    person((
        "Ananya Krishnan",
        "ananya.krishnan",
        "14 Cathedral Road",
        "Chennai",
        "TN",
        "600086",
        "IN",
        "+91 44 5550 0114",
    )),
    person((
        "Oliver Whitcombe",
        "oliver.whitcombe",
        "27 Apsley Road",
        "Bristol",
        "",
        "BS8 2SN",
        "GB",
        "+44 117 496 0127",
    )),
    person(("Maria Schneider", "maria.schneider", "Lindenstraße 8", "Leipzig", "", "04315", "DE", "+49 341 5550 108")),
    person(("Jordan Ellis", "jordan.ellis", "412 Alder Street", "Portland", "OR", "97205", "US", "+1 503 555 0112")),
    person(("Chiara Ferrero", "chiara.ferrero", "Via Cernaia 21", "Torino", "TO", "10121", "IT", "+39 011 555 0121")),
    person((
        "Mateo Villanueva",
        "mateo.villanueva",
        "Calle Mayor 30",
        "Zaragoza",
        "",
        "50001",
        "ES",
        "+34 976 555 030",
    )),
    person(("Aiko Tanabe", "aiko.tanabe", "2-11 Teramachi", "Kyoto", "", "604-0911", "JP", "+81 75 555 0211")),
    person(("Nadia Haddad", "nadia.haddad", "19 rue des Lilas", "Lyon", "", "69003", "FR", "+33 4 55 50 01 19")),
    person(("Rohan Deshpande", "rohan.deshpande", "5 Prabhat Road", "Pune", "MH", "411004", "IN", "+91 20 5550 0105")),
    person((
        "Sinéad O'Donnell",
        "sinead.odonnell",
        "44 Dominick Street",
        "Galway",
        "",
        "H91 X2T4",
        "IE",
        "+353 91 555 044",
    )),
    person(("Lars Bergqvist", "lars.bergqvist", "Storgatan 17", "Uppsala", "", "753 31", "SE", "+46 18 555 0117")),
    person(("Camila Duarte", "camila.duarte", "Rua das Flores 52", "Porto", "", "4050-262", "PT", "+351 22 555 0052")),
    person(("Wei Ling Tan", "weiling.tan", "38 Joo Chiat Place", "Singapore", "", "427762", "SG", "+65 6555 0138")),
    person(("Tunde Adeyemi", "tunde.adeyemi", "9 Adeola Street", "Lagos", "", "101241", "NG", "+234 1 555 0109")),
    person((
        "Hannah Goldberg",
        "hannah.goldberg",
        "1180 Prospect Avenue",
        "Brooklyn",
        "NY",
        "11218",
        "US",
        "+1 718 555 0180",
    )),
    person((
        "Fatima Zahra Idrissi",
        "fatima.idrissi",
        "12 rue Ibn Sina",
        "Rabat",
        "",
        "10000",
        "MA",
        "+212 5 3755 5012",
    )),
    person(("Piotr Nowicki", "piotr.nowicki", "ul. Długa 6", "Gdańsk", "", "80-827", "PL", "+48 58 555 01 06")),
    person((
        "Leila Rahmani",
        "leila.rahmani",
        "77 Bloor Street West",
        "Toronto",
        "ON",
        "M5S 1M1",
        "CA",
        "+1 416 555 0177",
    )),
    person((
        "Vikram Singh Rathore",
        "vikram.rathore",
        "3 Civil Lines",
        "Jaipur",
        "RJ",
        "302006",
        "IN",
        "+91 141 555 0103",
    )),
    person(("Emma van Dijk", "emma.vandijk", "Oudegracht 210", "Utrecht", "", "3511 NR", "NL", "+31 30 555 0210")),
    person((
        "Gabriel Moreau",
        "gabriel.moreau",
        "6 place du Capitole",
        "Toulouse",
        "",
        "31000",
        "FR",
        "+33 5 55 50 01 06",
    )),
    person(("Sofia Papadaki", "sofia.papadaki", "Egnatia 90", "Thessaloniki", "", "546 23", "GR", "+30 231 055 5090")),
    person(("Daniel Okafor", "daniel.okafor", "61 Deansgate", "Manchester", "", "M3 2BW", "GB", "+44 161 496 0161")),
    person((
        "Isabela Monteiro",
        "isabela.monteiro",
        "Rua Augusta 1500",
        "São Paulo",
        "SP",
        "01304-001",
        "BR",
        "+55 11 5555 0150",
    )),
    person(("Yusuf Demir", "yusuf.demir", "İstiklal Caddesi 45", "İstanbul", "", "34433", "TR", "+90 212 555 0145")),
    person(("Grace Mwangi", "grace.mwangi", "Kimathi Street 8", "Nairobi", "", "00100", "KE", "+254 20 555 0108")),
    person(("Tomáš Dvořák", "tomas.dvorak", "Vinohradská 33", "Praha", "", "120 00", "CZ", "+420 255 550 133")),
    person((
        "Meera Pillai",
        "meera.pillai",
        "22 Pattom Junction",
        "Thiruvananthapuram",
        "KL",
        "695004",
        "IN",
        "+91 471 555 0122",
    )),
    person((
        "Caleb Nakamura",
        "caleb.nakamura",
        "905 Kapahulu Avenue",
        "Honolulu",
        "HI",
        "96816",
        "US",
        "+1 808 555 0195",
    )),
    person(("Ingrid Solheim", "ingrid.solheim", "Nygårdsgaten 5", "Bergen", "", "5015", "NO", "+47 55 55 01 05")),
    person(("Luca Brunner", "luca.brunner", "Rämistrasse 14", "Zürich", "", "8001", "CH", "+41 44 555 01 14")),
    person((
        "Siti Nurhaliza Rahman",
        "siti.rahman",
        "17 Jalan Ampang",
        "Kuala Lumpur",
        "",
        "50450",
        "MY",
        "+60 3 5555 0117",
    )),
    person(("Amelia Hartley", "amelia.hartley", "3 Micklegate", "York", "", "YO1 6JH", "GB", "+44 1904 555 003")),
    person(("Min-jun Seo", "minjun.seo", "88 Yulgok-ro", "Seoul", "", "03129", "KR", "+82 2 555 0188")),
    person(("Elena Petrova", "elena.petrova", "Vitosha 54", "Sofia", "", "1463", "BG", "+359 2 555 0154")),
    person(("Thabo Nkosi", "thabo.nkosi", "31 Long Street", "Cape Town", "", "8001", "ZA", "+27 21 555 0131")),
    person((
        "Julia Kowalczyk",
        "julia.kowalczyk",
        "ul. Świdnicka 12",
        "Wrocław",
        "",
        "50-068",
        "PL",
        "+48 71 555 01 12",
    )),
    person((
        "Harpreet Kaur Gill",
        "harpreet.gill",
        "SCO 48, Sector 17",
        "Chandigarh",
        "CH",
        "160017",
        "IN",
        "+91 172 555 0148",
    )),
    person((
        "Noah Lindqvist",
        "noah.lindqvist",
        "2206 Hennepin Avenue",
        "Minneapolis",
        "MN",
        "55405",
        "US",
        "+1 612 555 0126",
    )),
    person(("Zeynep Aydın", "zeynep.aydin", "Atatürk Bulvarı 101", "Ankara", "", "06680", "TR", "+90 312 555 0101")),
    person((
        "Farid Benali",
        "farid.benali",
        "25 boulevard Zighoud Youcef",
        "Alger",
        "",
        "16000",
        "DZ",
        "+213 21 55 50 25",
    )),
    person((
        "Katarína Horváthová",
        "katarina.horvathova",
        "Laurinská 9",
        "Bratislava",
        "",
        "811 01",
        "SK",
        "+421 2 555 501 09",
    )),
    person(("Arjun Mehta", "arjun.mehta", "11 Park Street", "Kolkata", "WB", "700016", "IN", "+91 33 5550 0111")),
    person(("Olivia Brandt", "olivia.brandt", "Eppendorfer Weg 63", "Hamburg", "", "20259", "DE", "+49 40 5550 163")),
    person(("Samuel Osei", "samuel.osei", "7 Ring Road East", "Accra", "", "GA-077", "GH", "+233 30 255 5007")),
    person(("Hana Kim-Larsen", "hana.kimlarsen", "Vesterbrogade 40", "København", "", "1620", "DK", "+45 55 55 01 40")),
    person((
        "Diego Fuentes",
        "diego.fuentes",
        "Avenida Providencia 820",
        "Santiago",
        "RM",
        "7500000",
        "CL",
        "+56 2 2555 0182",
    )),
    person((
        "Priya Venkataraman",
        "priya.venkataraman",
        "60 Residency Road",
        "Bengaluru",
        "KA",
        "560025",
        "IN",
        "+91 80 5550 0160",
    )),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_would_pass_the_checks_of_a_request() {
        let mut mailboxes: Vec<&str> = PEOPLE.iter().map(|p| p.mailbox).collect();
        mailboxes.sort_unstable();
        mailboxes.dedup();
        assert_eq!(mailboxes.len(), PEOPLE.len());
        for person in PEOPLE {
            assert_eq!(person.contact().check(""), [], "{}", person.name);
            assert_eq!(person.address().check(""), [], "{}", person.name);
        }
        assert_eq!((regulars().len(), guests().len()), (REGULARS, PEOPLE.len() - REGULARS));
    }
}
