// The parts of the pages that the program writes.
#pragma once

#include <stddef.h>

/// `page.html`, `page.css` or `page.js` as UTF-8, by 0, 1, 2; of the length that follows.
const unsigned char *_Nullable nns_page_bytes(int part);
size_t nns_page_length(int part);
