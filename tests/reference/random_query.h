// Random queries over the names and values of random data, and random requests.
#pragma once

#include "dice.h"
#include "random_data.h"

namespace logi::reference {

struct RandomQuery {
    std::string text;
    Request request;
};

// A log query, or a metric query.
RandomQuery random_query(Dice& dice, const RandomData& data);

// {…} with stages; so often the data's parser is the first.
std::string random_log_query(Dice& dice,
                             const RandomData& data,
                             std::size_t stages_max,
                             std::size_t parsed_percent = 75);

}  // namespace logi::reference
