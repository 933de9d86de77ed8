// Loaded before a client: lets named hosts lead to a server on loopback, as `curl --connect-to` does, in this process
// alone. TLS is checked for the name that the client meant. Nothing else can be reached, so that no test ever calls
// Microsoft.
import { Socket } from 'node:net'

const { FLEETSWEEP_TEST_HOSTS: hosts = '', FLEETSWEEP_TEST_PORT: port = '' } = process.env
const named = new Set(hosts.split(','))
const connect = Socket.prototype.connect

type Place = { host?: string; port?: number | string }

/** Node connects by options, or by what it has made of them. */
function placeOf(args: readonly unknown[]): Place {
  const [first] = args
  return (Array.isArray(first) ? first[0] : first) as Place
}

Socket.prototype.connect = function redirected(this: Socket, ...args: never[]): Socket {
  const place = placeOf(args)
  const isOurs = place.host === 'localhost' && String(place.port) === port
  if (!isOurs && !(named.has(place.host ?? '') && String(place.port) === '443')) {
    throw new Error(`A test would have called ${place.host}:${place.port}.`)
  }
  place.host = '127.0.0.1'
  place.port = port
  return Reflect.apply(connect, this, args)
}
