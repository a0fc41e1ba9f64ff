-- The scalar programs in Lua. Usage: lua scalars.lua fib|loop|sieve|strings|bodies
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local function loop(n)
  local s = 0
  for i = 0, n - 1 do s = s + i % 7 end
  return s
end

local function sieve(n)
  local prime = {}
  for i = 0, n do prime[i] = i > 1 end
  local i = 2
  while i * i <= n do
    if prime[i] then
      local j = i * i
      while j <= n do
        prime[j] = false
        j = j + i
      end
    end
    i = i + 1
  end
  local count = 0
  for k = 0, n do
    if prime[k] then count = count + 1 end
  end
  return count
end

local function strings(n, m)
  local s, full = "", 0
  for _ = 1, n do
    s = s .. "x"
    if #s == 100 then full, s = full + 1, "" end
  end
  local words, r = {}, 42
  for i = 1, m do
    r = r * 16807 % 2147483647
    words[i] = "w" .. string.format("%d", r % 5000)
  end
  local counts, most = {}, 0
  for i = 0, 4999 do counts[i] = 0 end
  for word in table.concat(words, " "):gmatch("%S+") do
    local k = tonumber(word:sub(2))
    counts[k] = counts[k] + 1
    most = math.max(most, counts[k])
  end
  return full, most
end

local function bodies(steps)
  local sun, day, dt = 4 * math.pi ^ 2, 365.24, 0.01
  local x = {0, 4.84143144246472090, 8.34336671824457987, 12.8943695621391310, 15.3796971148509165}
  local y = {
    0, -1.16032004402742839, 4.12479856412430479, -15.1111514016986312, -25.9193146099879641}
  local z = {
    0, -0.103622044471123109, -0.403523417114321381, -0.223307578892655734, 0.179258772950371181}
  local u = {
    0, 0.00166007664274403694 * day, -0.00276742510726411021 * day, 0.00296460137564761618 * day,
    0.00268067772490389322 * day}
  local v = {
    0, 0.00769901118419740425 * day, 0.00499852801234917238 * day, 0.00237847173959480950 * day,
    0.00162824170038242295 * day}
  local w = {
    0, -0.0000690460016972063023 * day, 0.0000230417297573763929 * day,
    -0.0000296589568540237556 * day, -0.0000951592254519715870 * day}
  local m = {
    sun, 0.000954791938424326609 * sun, 0.000285885980666130812 * sun,
    0.0000436624404335156298 * sun, 0.0000515138902046611451 * sun}
  for i = 2, 5 do
    u[1] = u[1] - u[i] * m[i] / sun
    v[1] = v[1] - v[i] * m[i] / sun
    w[1] = w[1] - w[i] * m[i] / sun
  end
  local sqrt = math.sqrt
  for _ = 1, steps do
    for i = 1, 5 do
      for j = i + 1, 5 do
        local dx, dy, dz = x[i] - x[j], y[i] - y[j], z[i] - z[j]
        local d2 = dx * dx + dy * dy + dz * dz
        local pull = dt / (d2 * sqrt(d2))
        local p, q = m[i] * pull, m[j] * pull
        u[i] = u[i] - dx * q
        v[i] = v[i] - dy * q
        w[i] = w[i] - dz * q
        u[j] = u[j] + dx * p
        v[j] = v[j] + dy * p
        w[j] = w[j] + dz * p
      end
    end
    for i = 1, 5 do
      x[i] = x[i] + dt * u[i]
      y[i] = y[i] + dt * v[i]
      z[i] = z[i] + dt * w[i]
    end
  end
  return x[1], z[5]
end

local programs = {
  fib = function() return fib(30) end,
  loop = function() return loop(10000000) end,
  sieve = function() return sieve(2000000) end,
  strings = function() return strings(1000000, 100000) end,
  bodies = function() return bodies(200000) end,
}
print(programs[arg[1]]())
