/// `quoin demo`: an order journal on a protected volume, and everything that may befall it.
///
/// A real daemon in a process of its own, a real NBD client, real member files. What the table says
/// was lost or wrong was found by reading every block back, and comparing.
package io.quoin.cli.demo;
