// SPDX-License-Identifier: Apache-2.0
#include "sqs/api.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "sqs/actions.h"

namespace selvage::sqs {
namespace {

std::string new_request_id() {
  thread_local SystemRandom random;
  return Uuid::from_random(random.next(), random.next()).to_string();
}

}  // namespace

void Api::handle(http::Request request, std::shared_ptr<http::Connection> connection,
                 http::Responder responder) {
  if (request.target == "/healthz" && request.method == "GET")
    return responder.send(
        {.status = 200, .content_type = "text/plain", .headers = {}, .body = "ok\n"});
  const std::string target(request.header("x-amz-target"));
  const std::string method = request.method;
  const auto call = std::make_shared<Call>(
      backend_, identity_,
      Incoming{std::move(request), std::move(connection), std::move(responder), new_request_id()});
  if (method != "POST" || target.empty())
    return call->refuse({kUnknownOperation,
                         "This endpoint speaks AWS JSON 1.0: POST with a header X-Amz-Target such "
                         "as AmazonSQS.SendMessage."});
  const Action action = find_action(target);
  if (action == nullptr)
    return call->refuse(
        {kUnknownOperation,
         fmt::format("The operation {} is not known to this version of Selvage.", target)});
  action(call);
}

}  // namespace selvage::sqs
