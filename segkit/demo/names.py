"""Invented names. Common words of plants and birds; none is a chain or a brand on the market."""

from __future__ import annotations

CLIENT_REGIONS = {  # region -> share of customers, towns
    "Centrum": (0.24, ("Warszawa", "Łódź", "Płock", "Radom", "Skierniewice")),
    "Północ": (0.15, ("Gdańsk", "Gdynia", "Elbląg", "Słupsk", "Tczew")),
    "Południe": (0.20, ("Kraków", "Katowice", "Bielsko-Biała", "Tarnów", "Gliwice")),
    "Wschód": (0.13, ("Lublin", "Białystok", "Rzeszów", "Chełm", "Zamość")),
    "Zachód": (0.15, ("Poznań", "Szczecin", "Leszno", "Piła", "Konin")),
    "Południowy zachód": (0.13, ("Wrocław", "Opole", "Legnica", "Świdnica", "Nysa")),
}
SHOP_WORDS = (
    "Perkoz", "Bławatek", "Cyranka", "Modraszek", "Jarząb", "Szafran", "Ważka", "Rosiczka",
    "Tatarak", "Pustułka", "Żywokost", "Krwawnik", "Wilga", "Dziewanna", "Ostróżka", "Leszczyna",
    "Trzcina", "Sasanka", "Kłos", "Mgiełka", "Wierzba", "Turzyca", "Nawłoć", "Skowronek", "Żuraw",
    "Przepiórka", "Łubin", "Dzwonek", "Gżegżółka", "Ćma",
)  # fmt: skip
SHOP_PREFIX = {
    "Drogeria": "Drogeria",
    "Apteka": "Apteka",
    "Hipermarket": "Hipermarket",
    "Sklep osiedlowy": "Sklep",
    "Salon fryzjerski": "Salon Fryzjerski",
    "Salon kosmetyczny": "Gabinet Kosmetyczny",
    "Instytucje i laboratoria": "Laboratorium Kosmetyczne",
}
CHAINS = {  # chain -> trade class of its outlets
    "S01": ("Leszczyna", "Drogeria"),
    "S02": ("Tatarak", "Drogeria"),
    "S03": ("Ważka", "Drogeria"),  # merges into S01
    "S04": ("Krwawnik", "Apteka"),
    "S05": ("Dziewanna", "Apteka"),
    "S06": ("Żuraw", "Hipermarket"),
    "S07": ("Perkoz", "Hipermarket"),
    "S08": ("Kłos", "Sklep osiedlowy"),
    "S09": ("Wilga", "Sklep osiedlowy"),
    "S10": ("Mgiełka", "Salon fryzjerski"),
}
FIRST_NAMES = (
    "Agnieszka", "Bartosz", "Celina", "Dawid", "Edyta", "Filip", "Grażyna", "Hubert", "Iwona",
    "Jacek", "Kinga", "Leszek", "Marzena", "Norbert", "Oliwia", "Patryk", "Renata", "Sławomir",
    "Teresa", "Urszula", "Wiktor", "Zofia", "Błażej", "Danuta", "Emil", "Łucja", "Żaneta",
)  # fmt: skip
LAST_NAMES = (
    "Borzęcki", "Cichoradzka", "Drzewiczak", "Falkowiak", "Gąsiorek", "Hajdukiewicz", "Iłowiecki",
    "Jarzębiak", "Kłosek", "Lipczak", "Mroziak", "Niedźwiadek", "Olchowiak", "Przepiórczak",
    "Rokitniak", "Sadowniak", "Turzański", "Uszyk", "Wierzbicz", "Zarębiak", "Żurawik", "Bławat",
    "Czaplak", "Dąbrówczak", "Gilowiak", "Kosowiak", "Szpakiewicz",
)  # fmt: skip
RANGES = ("Havblik", "Silkevej", "Mynte", "Klitrose", "Enghave", "Solbris")
ITEMS = {
    "Szampony": "Szampon",
    "Farby do włosów": "Farba do włosów",
    "Stylizacja": "Lakier do włosów",
    "Pielęgnacja twarzy": "Krem do twarzy",
    "Pielęgnacja ciała": "Balsam do ciała",
    "Ochrona przeciwsłoneczna": "Emulsja z filtrem",
    "Higiena": "Żel antybakteryjny",
    "Akcesoria": "Zestaw szczotek",
    "Na zamówienie": "Receptura indywidualna",
}
