"""Which French nouns are feminine, as far as "1 page" and "21 personnes" have to know.

An ending decides where it nearly always does ("-tion", "-té"), with its exceptions; a list has common nouns of other
endings. An unknown noun counts as masculine: "un" is read then.
"""

from __future__ import annotations

import re

from sayso.text.normalise.grammar import listed

_ENDINGS = re.compile(
    r"(?:[stxl]ion|aison|[^aeéio]té|ité|ette|ance|ence|esse|euse|trice|ude|ure|ade|ienne|onne|elle|ille|ée|rie|gie|"
    r"phie|nomie|mie|nie|die|lie|tie|ance|enne|ière|ine|ise|ouille|aille|eille)s?$"
)
_MASCULINE = listed(
    "million milliard bastion camion lion scion espion pion comité côté été traité arrêté décolleté député athlète "
    "squelette quartette silence murmure mercure centaure dinosaure parjure augure jade grade stade nomade camarade "
    "musée lycée trophée apogée scarabée pygmée athée rez-de-chaussée génie incendie parapluie vermicelle libelle "
    "modèle gorille quadrille chèvrefeuille portefeuille millefeuille cimetière derrière magazine domaine moine "
    "platine raisin capitaine cure-dents réverbère interlude prélude carbone téléphone trombone cyclone cône "
    "chiffre mille vingt-et-un aspirine indigène patrimoine testament sosie messie dessous foie vaudeville "
    "intervalle violoncelle vignoble élève malaise pédicure mercenaire manteau coude code mode épisode exode cigare "
    "avantage coquillage garde"
)
_FEMININE = listed(
    "heure minute seconde page personne fois semaine journée année nuit matinée soirée chose femme fille mère sœur "
    "soeur dame demoiselle tante nièce reine princesse duchesse maison chambre cuisine salle porte fenêtre table "
    "chaise lampe rue route ville place école église gare plage forêt montagne rivière mer île terre planète étoile "
    "lune eau pluie neige tempête main tête jambe dent bouche oreille langue peau voix mort vie part partie moitié "
    "douzaine dizaine centaine quinzaine vingtaine trentaine cinquantaine tonne livre-sterling tasse cuillère "
    "cuillerée gousse pincée botte boîte bouteille tranche pomme poire orange banane fraise cerise tomate carotte "
    "pomme-de-terre baguette tarte crêpe pizza bière goutte feuille fleur rose plante herbe branche racine lettre "
    "carte adresse image photo ligne colonne phrase syllabe strophe scène pièce œuvre oeuvre note copie affiche "
    "liste classe leçon règle épreuve équipe victoire défaite course étape manche médaille balle flèche pierre "
    "brique voiture moto bicyclette roue banque somme dette facture taxe prime amende loi clause annexe entreprise "
    "usine société boutique commande vente offre demande réponse idée erreur faute preuve cause raison façon "
    "manière forme couleur odeur douleur peur valeur largeur longueur hauteur profondeur épaisseur vapeur sueur "
    "faveur horreur terreur saveur lueur rumeur tumeur vache poule chèvre brebis souris fourmi mouche abeille "
    "araignée girafe tortue baleine dose gélule pilule cellule molécule particule norme enquête étude commune "
    "région province armée bombe arme guerre bataille attaque victime infirmière patiente candidate vis noix croix "
    "fin faim soif clé clef nef foi paroi chaîne piste antenne caméra radio télé vidéo chanson danse fête messe "
    "prière âme chaussure chemise robe jupe veste poche montre corde échelle marche case cible zone zones aire ère "
    "époque date saison méthode période"
)


def is_feminine(noun: str) -> bool:
    """Whether a noun is feminine, in the singular or plural, in any case."""
    word = noun.lower()
    singular = word.removesuffix("s")
    if word in _MASCULINE or singular in _MASCULINE:
        return False
    by_ending = len(singular) >= _SHORTEST and _ENDINGS.search(word[-_LONGEST_ENDING:]) is not None
    return word in _FEMININE or singular in _FEMININE or by_ending


_SHORTEST = 4
_LONGEST_ENDING = 8
