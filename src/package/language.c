// SPDX-License-Identifier: MIT
// language.c - language codes of containers as BCP 47 tags.
#include "label.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONG_CODE = 3,  // ISO 639-2
    ROW = 5,        // that, and ISO 639-1
    SUBTAG_MAX = 8, // RFC 5646 section 2.1
};

// Containers speak ISO 639-2, bibliographic or terminological; BCP 47 wants the
// shortest code there is (RFC 5646 section 2.2.1). Rows of five letters,
// sorted.
static const char short_codes[] =
    "aaraaabkabafrafakaakalbsqamhamaraararganarmhyasmasavaav"
    "aveaeaymayazeazbakbabambmbaqeubelbebenbnbisbibodbobosbs"
    "brebrbulbgburmycatcacescschachchecechizhchucuchvcvcorkw"
    "coscocrecrcymcyczecsdandadeudedivdvdutnldzodzellelengen"
    "epoeoesteteuseueweeefaofofasfafijfjfinfifrafrfrefrfryfy"
    "fulffgeokagerdeglagdglegaglgglglvgvgreelgrngngujguhatht"
    "hauhahebheherhzhinhihmohohrvhrhunhuhyehyiboigiceisidoio"
    "iiiiiikuiuileieinaiaindidipkikislisitaitjavjvjpnjakalkl"
    "kanknkaskskatkakaukrkazkkkhmkmkikkikinrwkirkykomkvkonkg"
    "korkokuakjkurkulaololatlalavlvlimlilinlnlitltltzlblublu"
    "luglgmacmkmahmhmalmlmaomimarmrmaymsmkdmkmlgmgmltmtmonmn"
    "mrimimsamsmyamynaunanavnvnblnrndendndongnepnenldnlnnonn"
    "nobnbnornonyanyociocojiojoriorormomossospanpaperfaplipi"
    "polplporptpuspsquequrohrmronrorumrorunrnrusrusagsgsansa"
    "sinsislksksloskslvslsmesesmosmsnasnsndsdsomsosotstspaes"
    "sqisqsrdscsrpsrsswsssunsuswaswswesvtahtytamtatattttelte"
    "tgktgtgltlthathtibbotirtitontotsntntsotstuktkturtrtwitw"
    "uigugukrukurduruzbuzvenvevievivolvowelcywlnwawolwoxhoxh"
    "yidyiyoryozhazazhozhzulzu";

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, LONG_CODE);
}

// Letters, then subtags of letters and digits: "en", "pt-br", "zh-hant-tw".
static bool is_tag(const char *text)
{
    size_t primary = 0;
    while (isalpha((unsigned char)text[primary]))
        primary++;
    if (primary < 2 || primary > LONG_CODE)
        return false;
    const char *rest = text + primary;
    while (*rest == '-') {
        size_t length = 0;
        while (isalnum((unsigned char)rest[1 + length]))
            length++;
        if (length < 1 || length > SUBTAG_MAX)
            return false;
        rest += 1 + length;
    }
    return *rest == '\0';
}

void label_language(const char *language, char to[static TRACK_LANGUAGE_BYTES])
{
    size_t length = strlen(language);
    if (length >= TRACK_LANGUAGE_BYTES || !is_tag(language)) {
        memcpy(to, "und", sizeof "und");
        return;
    }
    for (size_t i = 0; i <= length; i++)
        to[i] = (char)tolower((unsigned char)language[i]);
    if (length != LONG_CODE)
        return;
    const char *row = bsearch(to, short_codes, (sizeof short_codes - 1) / ROW,
                              ROW, compare_rows);
    if (row)
        memcpy(to, (char[]){row[LONG_CODE], row[LONG_CODE + 1], '\0'}, 3);
}
