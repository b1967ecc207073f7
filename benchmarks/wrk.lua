-- Sends the request bodies of a file, one after the other, and counts the answers that are not what was asked for.
-- The arguments are the file, at which of its lines to begin, and the token.

local requests, place = {}, 0

-- A global, so that `done` finds it in the thread.
faults = 0

function init(arguments)
  local headers = {
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/json",
    ["Authorization"] = "Bearer " .. arguments[3],
  }
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", "/graphql", headers, body)
  end
  place = tonumber(arguments[2])
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function response(status, _, body)
  if status ~= 200 or body:find('"errors":', 1, true) or body:find('"userErrors":[{', 1, true) then
    faults = faults + 1
  end
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("faults")
  end
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %.1f, "p99": %.1f, "faults": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), wrong
  ))
end
