// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/post.h"

namespace selvage::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFast = microseconds(50);
constexpr Duration kSlow = milliseconds(3);

}  // namespace

std::shared_ptr<Server> Post::some_server() {
  if (stale_ && stale_->is_up() && site_.chance.one_in(2)) return stale_;
  return server_ && server_->is_up() ? server_ : nullptr;
}

void Post::call(queue::Command command, Duration patience, OnReply on_reply) {
  auto parcel = std::make_shared<Parcel>();
  parcel->command = std::move(command);
  parcel->on_reply = std::move(on_reply);
  const Weather& weather = site_.weather;
  const auto send_after = [&](Duration wait) {
    site_.scheduler.after(wait, [this, parcel] { arrive(parcel); });
  };
  if (site_.chance.percent(weather.request_lost)) {
    site_.marks.hit(Mark::kRequestLost);
  } else if (site_.chance.percent(weather.request_late)) {
    send_after(site_.chance.between(patience, patience + seconds(60)));
  } else {
    send_after(site_.chance.between(kFast, kSlow));
  }
  if (site_.chance.percent(weather.request_twice)) {
    site_.marks.hit(Mark::kRequestTwice);
    send_after(site_.chance.between(kFast, seconds(site_.chance.one_in(4) ? 400 : 2)));
  }
  site_.scheduler.after(patience, [this, parcel] { give_up(parcel); });
}

void Post::arrive(const Shared& parcel) {
  const auto server = some_server();
  if (!server) return finish(parcel, nullptr);  // nobody listens there
  if (parcel->is_over) site_.marks.hit(Mark::kRequestLate);
  const CallId id = ++last_call_;
  server->submit(id, parcel->command,
                 [this, parcel](const queue::Reply* answer) { reply(parcel, answer); });
  parcel->at.emplace_back(server, id);
}

// The connection ends, and with it what waits there: mostly.
void Post::give_up(const Shared& parcel) {
  if (parcel->is_over) return;
  if (std::holds_alternative<queue::Receive>(parcel->command) && !site_.chance.one_in(4))
    for (const auto& [server, id] : parcel->at) server->cancel(id);
  finish(parcel, nullptr);
}

void Post::reply(const Shared& parcel, const queue::Reply* reply) {
  if (reply == nullptr) {  // the connection breaks; sometimes nobody notices
    if (site_.chance.one_in(8)) return;
    site_.scheduler.after(site_.chance.between(kFast, kSlow),
                          [this, parcel] { finish(parcel, nullptr); });
    return;
  }
  if (site_.chance.percent(site_.weather.reply_lost)) {
    site_.marks.hit(Mark::kReplyLost);
    return abandon(*reply);
  }
  site_.scheduler.after(site_.chance.between(kFast, kSlow),
                        [this, parcel, copy = *reply] { finish(parcel, &copy); });
}

void Post::finish(const Shared& parcel, const queue::Reply* reply) {
  if (!std::exchange(parcel->is_over, true)) return parcel->on_reply(reply);
  if (reply != nullptr) abandon(*reply);
}

// A session ends with the connection that it was opened on, and that is gone.
void Post::abandon(const queue::Reply& reply) {
  const auto* const opened = std::get_if<queue::Opened>(&reply);
  if (opened == nullptr) return;
  const queue::CloseSession close{opened->session, opened->generation, "{}", false};
  site_.scheduler.after(site_.chance.between(kFast, kSlow), [this, close] { tell(close); });
}

void Post::tell(queue::Command command) {
  if (server_ && server_->is_up())
    server_->submit(++last_call_, std::move(command), [](const queue::Reply*) {});
}

void Post::ask(std::vector<queue::Command> commands,
               const std::function<void(const Call&, const queue::Reply*)>& on_reply) {
  if (!server_ || !server_->is_up()) return;
  server_->separate();
  for (queue::Command& command : commands) {
    Call call{++last_call_, command, site_.now(), server_->number()};
    server_->submit(last_call_, std::move(command),
                    [call, on_reply](const queue::Reply* reply) { on_reply(call, reply); });
  }
  server_->separate();
}

}  // namespace selvage::sim
