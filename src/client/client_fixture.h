// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the client's tests: a client, the broker that it asks, and one call with its answer.

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "client/client.h"
#include "client/scripted_broker.h"

namespace selvage::client {

class ClientTest : public testing::Test {
 protected:
  // Where a call's result goes.
  template <typename T>
  Client::Callback<T> into(std::optional<Result<T>>& place) {
    return [&place](Result<T> result) { place = std::move(result); };
  }
  // The result of a call that is answered so.
  template <typename T>
  Result<T> answered(const std::function<void(Client::Callback<T>)>& call, std::string json,
                     int status = 200) {
    std::optional<Result<T>> result;
    call(into<T>(result));
    asked_ = broker_.next();
    asked_.answer(std::move(json), status);
    broker_.run_until([&] { return result.has_value(); });
    return result ? *std::move(result) : failure(ErrorCode::kCorruption, "no answer");
  }

  process::Reactor reactor_;
  ScriptedBroker broker_{reactor_};
  Client client_{reactor_, broker_.endpoint()};
  ScriptedBroker::Asked asked_;
};

}  // namespace selvage::client
