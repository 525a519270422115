// Entries as services write them: many lines of few shapes, so that blocks have templates, with odd
// values now and then.
#pragma once

#include "random_data.h"

namespace logi::reference {

// Names and values are those of random_data(), so that random_query() asks for them.
RandomData template_data(Dice& dice);

}  // namespace logi::reference
