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

// {…} with stages.
std::string random_log_query(Dice& dice, std::size_t stages_max);

// Behind a selector, for metric queries; often without errors.
std::string random_metric_query(Dice& dice, const RandomData& data);

}  // namespace logi::reference
