/// What the fuzz targets of all modules share: each of them compiles this folder into its tests.
package io.quoin.fuzz;
